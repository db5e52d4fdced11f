// What identity promises to a store: `new` is not there yet and `duplicate` is, whatever comes in which order.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceIndex } from '../../api/device-index.ts';
import { Identity, SeenWindow } from '../../api/identity.ts';

interface Message {
  readonly device: number;
  readonly ts: number;
  readonly seq: number;
}

const keyOf = ({ device, ts, seq }: Message) => `${device}/${ts}/${seq}`;

/** Devices count on, send stretches again, start again and set their clocks back. */
const story = fc
  .array(
    fc.record({
      device: fc.nat({ max: 5 }),
      step: fc.oneof(
        { weight: 6, arbitrary: fc.constant('next' as const) },
        { weight: 3, arbitrary: fc.constant('again' as const) },
        { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'clock back' as const, 'late' as const) },
      ),
      size: fc.integer({ min: 1, max: 12 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    const sent: Message[][] = Array.from({ length: 6 }, () => []);
    const messages: Message[] = [];
    const clocks = new Float64Array(6);
    const counters = new Uint32Array(6);
    for (const { device, step, size } of steps) {
      const mine = sent[device]!;
      if (step === 'again') {
        messages.push(...mine.slice(-size));
        continue;
      }
      if (step === 'late' && mine.length > 0) {
        messages.push({ device, ts: Math.max(0, clocks[device]! - size), seq: counters[device]! + 100 });
        continue;
      }
      if (step === 'restart') counters[device] = 0;
      if (step === 'clock back') clocks[device] = Math.max(0, clocks[device]! - size);
      for (let n = 0; n < size; n++) {
        const message = { device, ts: ++clocks[device]!, seq: ++counters[device]! };
        mine.push(message);
        messages.push(message);
      }
    }
    return messages;
  });

describe.each([
  { memory: 'a large memory', capacity: 100, sets: 1024 },
  { memory: 'a window of four records', capacity: 100, sets: 1 },
  { memory: 'room for two devices', capacity: 2, sets: 1024 },
  { memory: 'hardly any memory', capacity: 2, sets: 1 },
])('identity with $memory', ({ capacity, sets }) => {
  it('calls nothing new that is stored, and nothing a duplicate that is not', () => {
    fc.assert(
      fc.property(story, fc.nat(200), (messages, restartAt) => {
        const stored = new Map<string, Message>();
        let devices = new DeviceIndex(capacity);
        let identity = new Identity(0, devices, new SeenWindow(sets), { gaps: 0, restarts: 0 });
        for (const [at, message] of messages.entries()) {
          if (at === restartAt) {
            devices = new DeviceIndex(capacity);
            identity = new Identity(0, devices, new SeenWindow(sets), { gaps: 0, restarts: 0 });
            for (const { device, ts, seq } of stored.values()) {
              identity.recall(devices.handleOf(`d-${device}`) ?? devices.add(`d-${device}`), ts, seq);
            }
          }
          const { device, ts, seq } = message;
          const handle = devices.handleOf(`d-${device}`) ?? devices.add(`d-${device}`);
          const verdict = identity.judge(handle, ts, seq);
          const isStored = stored.has(keyOf(message));
          if (verdict === 'new') expect(isStored).toBe(false);
          if (verdict === 'duplicate') expect(isStored).toBe(true);
          stored.set(keyOf(message), message);
        }
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});

it('a device that simply counts on is new to the store, also when others were forgotten', () => {
  const devices = new DeviceIndex(2);
  const identity = new Identity(0, devices, new SeenWindow(), { gaps: 0, restarts: 0 });
  for (const device of ['a', 'b', 'c']) identity.judge(devices.add(device), 1000, 1);
  const handle = devices.handleOf('c')!;
  const verdicts = Array.from({ length: 100 }, (_, n) => identity.judge(handle, 1001 + n, 2 + n));
  expect(new Set(verdicts)).toEqual(new Set(['new']));
});
