import { expect, it } from 'vitest';
import { isLoopback } from '../../telemetry/loopback.ts';

it.each(['localhost', '::1', '127.0.0.1', '127.255.255.254', '::ffff:127.0.0.1'])('%s is this machine only', (host) => {
  expect(isLoopback(host)).toBe(true);
});

it.each([
  '127.anything.example',
  '127.0.0.1.example',
  '127.0.0.256', // looked up as a name
  'localhost.example',
  '0.0.0.0',
  '::',
  '10.127.0.1',
  '::ffff:192.0.2.1',
  '',
])('%j may be reached by others', (host) => {
  expect(isLoopback(host)).toBe(false);
});
