import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Guard, HOLD } from '../../broker/guard.ts';

it('a client that is held for several reasons is read when none is left; of a closing broker never', () => {
  const stream = new PassThrough();
  const guard = new Guard(stream, { connectBytes: 100 }, () => undefined);
  guard.connected();
  stream.write(Buffer.of(0xc0, 0)); // PINGREQ
  guard.hold(HOLD.progress);
  guard.hold(HOLD.answers);
  guard.release(HOLD.progress);
  expect([guard.held, stream.read()]).toEqual([true, null]);
  guard.release(HOLD.answers);
  expect([guard.held, stream.read()]).toEqual([false, Buffer.of(0xc0, 0)]);
  guard.hold(HOLD.closing);
  guard.hold(HOLD.progress);
  guard.release(HOLD.progress);
  expect(guard.held).toBe(true);
});
