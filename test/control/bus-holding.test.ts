import { describe, expect, it } from 'vitest';
import { BusHolding } from '../../control/bus-holding.ts';
import type { Decision } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

const STOP = 5;
const HEADWAY_MS = 300_000;

/** What the controller decides on one record. */
function answerTo(holding: BusHolding, record: TelemetryRecord): Decision | undefined {
  holding.observe(record);
  return holding.decide()[0];
}

/** Drives buses past stop 5 of a line and gives the controller's answers at arrival. */
function passages(
  holding: BusHolding,
  times: readonly { device: string; arrivesMs: number; leavesMs?: number; stop?: number }[],
) {
  const answers: (Decision | undefined)[] = [];
  for (const { device, arrivesMs, leavesMs = arrivesMs + 20_000, stop = STOP } of times) {
    const fields = { line: '608', direction: 'out', nextStop: `S${stop}`, stopSequence: stop };
    answers.push(
      answerTo(holding, { kind: 'bus', device, ts: arrivesMs, seq: 1, fields: { ...fields, status: 'stoppedAt' } }),
    );
    holding.observe({ kind: 'bus', device, ts: arrivesMs + 5000, seq: 2, fields: { ...fields, status: 'stoppedAt' } });
    const next = { ...fields, nextStop: `S${stop + 1}`, stopSequence: stop + 1 };
    holding.observe({ kind: 'bus', device, ts: leavesMs, seq: 3, fields: { ...next, status: 'inTransitTo' } });
  }
  return answers;
}

const regular = Array.from({ length: 25 }, (_, bus) => ({ device: `bus-${bus}`, arrivesMs: bus * HEADWAY_MS }));
const lastLeftMs = 24 * HEADWAY_MS + 20_000;

describe('bus holding', () => {
  it('leaves regular buses alone', () => {
    expect(passages(new BusHolding(), regular).every((hold) => hold === undefined)).toBe(true);
  });

  it('holds a bus that follows too closely, by half of what is missing plus the slack', () => {
    const holding = new BusHolding();
    passages(holding, regular);
    const [hold] = passages(holding, [{ device: 'bus-99', arrivesMs: lastLeftMs + 200_000 }]);
    expect(hold).toMatchObject({ device: 'bus-99', command: { name: 'hold', args: { durationS: 8 + 40 } } });
    expect(hold!.why).toMatch(/200 s behind bus-24/);
  });

  it('never holds for more than a minute, and never twice at one stop', () => {
    const holding = new BusHolding();
    passages(holding, regular);
    const [hold, again] = [lastLeftMs + 10_000, lastLeftMs + 12_000].map((ts) =>
      answerTo(holding, {
        kind: 'bus',
        device: 'x',
        ts,
        seq: 1,
        fields: { line: '608', direction: 'out', nextStop: 'S5', stopSequence: 5, status: 'stoppedAt' },
      }),
    );
    expect(hold!.command.args.durationS).toBe(60);
    expect(again).toBeUndefined();
  });

  it('acts at control points only, and not before it has seen enough', () => {
    const holding = new BusHolding();
    expect(
      passages(holding, [...regular.slice(0, 5), { device: 'y', arrivesMs: 4 * HEADWAY_MS + 30_000 }]).at(-1),
    ).toBeUndefined();
    passages(holding, regular);
    const [elsewhere] = passages(holding, [{ device: 'z', arrivesMs: lastLeftMs + 1000, stop: 7 }]);
    expect(elsewhere).toBeUndefined();
  });
});
