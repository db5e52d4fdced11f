import { describe, it } from 'vitest';
import { SHAPES, expectAllInOrder } from './kept-sessions.ts';

describe('subscribers that come back to our broker in full flow get each message once, in the order of its publisher', () => {
  it.each([SHAPES[0], SHAPES[2]])('from %i publishers, %i subscribers, at %i messages/s', (...shape) =>
    expectAllInOrder(shape, 1, 1),
  );
});
