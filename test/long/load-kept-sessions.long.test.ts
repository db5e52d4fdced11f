// Subscribers that are away for seconds and come back to our broker in full flow get each message once, in the order of its publisher.
import { describe, it } from 'vitest';
import { SHAPES, expectAllInOrder } from '../loadtest/kept-sessions.ts';

const TIMEOUT_MS = 60_000;
const DURATION_S = 6;

describe.each([1, 2] as const)('a kept session at QoS %i', (qos) => {
  it.each(SHAPES)(
    'gets all from %i publishers, %i subscribers, at %i messages/s',
    { timeout: TIMEOUT_MS },
    (...shape) => expectAllInOrder(shape, qos, DURATION_S),
  );
});
