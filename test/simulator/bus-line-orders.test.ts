// What buses of the line engine do when the dispatch centre asks.
import { describe, expect, it } from 'vitest';
import type { LineBus } from '../../simulator/bus-line/bus.ts';
import type { LineObserver } from '../../simulator/bus-line/observer.ts';
import { runLine } from '../../simulator/bus-line/run.ts';
import type { LineSpec } from '../../simulator/bus-line/spec.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { GoldenHolding, OneOrder, diaryOf, goldenLine } from './golden-line.ts';

const morning = (changes: Partial<LineSpec> = {}) => goldenLine({ durationS: 14_400, ...changes });

const at = (stop: string, fromS: number) => (record: TelemetryRecord) =>
  record.ts >= 1000 * fromS &&
  record.fields['status'] === 'stoppedAt' &&
  record.fields['nextStop'] === stop &&
  !('targetHeadwayS' in record.fields);

/** Two runs with the same luck: one with an order, one without. When the bus of the order left the stop in each, s. */
function leftAfter(order: OneOrder, stop: number, spec: LineSpec = morning()): { withS: number; withoutS: number } {
  const left = (controllers: OneOrder[]) => {
    const times = new Map<string, number>();
    const departed = (bus: LineBus, _headwayS: number, nowS: number) => {
      if (bus.stop === stop) times.set(`${bus.device}/${bus.way}/${bus.trip}`, nowS);
    };
    runLine(spec, 5, { observers: [{ departed }], controllers });
    return times;
  };
  const after = left([order]);
  for (const [trip, withoutS] of left([])) {
    const withS = after.get(trip) ?? Number.NaN;
    if (withS !== withoutS) return { withS, withoutS };
  }
  return { withS: Number.NaN, withoutS: Number.NaN };
}

describe('a bus of the line engine', () => {
  it('is held on top of the time that people need', () => {
    const order = new OneOrder(at('out-05', 9000), { name: 'hold', args: { durationS: 45 } });
    const { withS, withoutS } = leftAfter(order, 5);
    expect(withS - withoutS).toBeCloseTo(45, 6);
  });

  it('tells how long it was held', () => {
    const order = new OneOrder(at('out-05', 9000), { name: 'hold', args: { durationS: 45 } });
    runLine(morning(), 5, { controllers: [order] });
    const held = order.records.filter(({ fields }) => Number(fields['holdS'] ?? 0) > 0);
    expect(held).toHaveLength(1);
    expect(held[0]!.fields).toMatchObject({ nextStop: 'out-05', holdS: 45 });
  });

  it('is not held at its terminal', () => {
    const order = new OneOrder(at('out-24', 9000), { name: 'hold', args: { durationS: 45 } });
    expect(diaryOf(morning(), 5, { controllers: [order] })).toEqual(diaryOf(morning(), 5));
  });

  it('leaves when a hold is ended', () => {
    const hold = new OneOrder(at('out-05', 9000), { name: 'hold', args: { durationS: 300 } });
    const end = new OneOrder(({ fields }) => fields['status'] === 'holding' && fields['nextStop'] === 'out-05', {
      name: 'departNow',
      args: {},
    });
    runLine(morning(), 5, { controllers: [hold, end], recordEveryS: 5 });
    const left = end.records.find(({ fields }) => Number(fields['holdS'] ?? 0) > 0)!;
    expect(Number(left.fields['holdS'])).toBeLessThanOrEqual(5);
  });

  it('turns early, and its people take the next bus', () => {
    const order = new OneOrder(at('out-11', 9000), { name: 'shortTurn', args: { atStop: 'out-12' } });
    let changed = 0;
    const watcher: LineObserver = { changed: (_bus, people) => void (changed += people) };
    runLine(morning(), 5, { controllers: [order], observers: [watcher] });
    const bus = order.records.filter(({ device, ts }) => device === turned(order) && ts >= 9_000_000);
    const turn = bus.findIndex(({ fields }) => fields['nextStop'] === 'out-12' && 'targetHeadwayS' in fields);
    expect(bus[turn]!.fields).toMatchObject({ load: 0 });
    expect(bus[turn + 1]!.fields).toMatchObject({ direction: 'back', nextStop: 'back-12', status: 'stoppedAt' });
    expect(changed).toBeGreaterThan(0);
  });

  it('runs empty to where it is needed, and begins there', () => {
    const rests = ({ ts, fields }: TelemetryRecord) =>
      ts > 9_000_000 && fields['status'] === 'layover' && fields['direction'] === 'out';
    const order = new OneOrder(rests, { name: 'deadhead', args: { toStop: 'out-08' } });
    let emptyM = 0;
    const ranEmpty = (_bus: LineBus, metres: number) => void (emptyM += metres);
    runLine(morning(), 5, { controllers: [order], observers: [{ ranEmpty }] });
    const from = order.records.findIndex(rests);
    const { device } = order.records[from]!;
    const next = order.records.slice(from + 1).filter((record) => record.device === device);
    expect(next.slice(0, 2).map(({ fields }) => [fields['status'], fields['nextStop'], fields['load']])).toEqual([
      ['deadhead', 'out-08', 0],
      ['stoppedAt', 'out-08', expect.any(Number)],
    ]);
    expect(emptyM).toBe(8 * 500);
  });

  it('passes stops that it was told to skip', () => {
    const order = new OneOrder(at('out-05', 9000), { name: 'skip', args: { stops: 'out-07,out-08' } });
    runLine(morning(), 5, { controllers: [order] });
    const from = order.records.findIndex(at('out-05', 9000));
    const { device } = order.records[from]!;
    const next = order.records
      .slice(from)
      .filter((record) => record.device === device && 'targetHeadwayS' in record.fields);
    expect(next.slice(0, 4).map(({ fields }) => fields['nextStop'])).toEqual(['out-05', 'out-06', 'out-09', 'out-10']);
  });

  it('does what its driver likes', () => {
    const deaf = morning({ drivers: { compliance: 0 } });
    expect(diaryOf(deaf, 5, { controllers: [new GoldenHolding()] })).toEqual(diaryOf(morning(), 5));
    const orders = (compliance: number) => {
      let count = 0;
      const ordered = () => void count++;
      const spec = morning({ drivers: { compliance } });
      runLine(spec, 5, { controllers: [new GoldenHolding()], observers: [{ ordered }] });
      return count;
    };
    expect(orders(0.8) / orders(1)).toBeCloseTo(0.8, 1);
  });

  it('breaks down, and its people wait for the next bus', () => {
    let changed = 0;
    const watcher: LineObserver = { changed: (_bus, people) => void (changed += people) };
    const silent = new OneOrder(() => false, { name: 'hold', args: {} });
    const spec = morning({ breakdowns: { perKm: 0.006, repairS: 2700 } });
    runLine(spec, 5, { controllers: [silent], observers: [watcher] });
    const broken = silent.records.filter(({ fields }) => fields['status'] === 'broken');
    // 20 buses, 15 km/h with layovers, 4 hours: about 1,200 km, 7 breakdowns.
    expect(broken.length).toBeGreaterThan(2);
    expect(broken.length).toBeLessThan(18);
    expect(changed).toBeGreaterThan(0);
    expect(broken.every(({ fields }) => fields['load'] === 0)).toBe(true);
  });

  it('saves time at the lights when it asks and they listen', () => {
    const ask = () =>
      new OneOrder(
        ({ ts, fields }) => ts > 9_000_000 && fields['status'] === 'inTransitTo' && !('targetHeadwayS' in fields),
        { name: 'requestPriority', args: {} },
      );
    const driven = (spec: LineSpec) => diaryOf(spec, 5, { controllers: [ask()], recordEveryS: 5 });
    expect(driven(morning())).toEqual(diaryOf(morning(), 5));
    expect(driven(morning({ prioritySavesS: 10 }))).not.toEqual(diaryOf(morning(), 5));
  });
});

function turned({ records }: OneOrder): string {
  return records.find(at('out-11', 9000))!.device;
}
