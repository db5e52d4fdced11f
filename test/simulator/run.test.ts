// The whole city in memory: what every model must hold, and what a run promises.
import { beforeAll, describe, expect, it } from 'vitest';
import { RecordDecoder, RecordEncoder } from '../../telemetry/json-codec.ts';
import type { Ack } from '../../telemetry/messages.ts';
import type { City } from '../../simulator/city.ts';
import { loadCity } from '../../simulator/city/load.ts';
import type { Model } from '../../simulator/fleet.ts';
import { describe as describeModel, loadModels } from '../../simulator/kinds.ts';
import { deviceId, deviceIndex } from '../../simulator/devices.ts';
import { Run } from '../../simulator/run.ts';
import type { RunOptions } from '../../simulator/run.ts';
import type { TimelineEntry } from '../../simulator/scenario.ts';
import type { Readings } from '../../simulator/sink.ts';
import type { Controller } from '../../telemetry/controller.ts';

const START_MS = Date.UTC(2026, 10, 20, 23, 30); // 07:30 civil time, a Saturday
const OFFSET_MIN = 480;

interface Line {
  kind: string;
  device: number;
  ts: number;
  seq: number;
  what: string;
  readings: Readings;
}

let city: City;
let models: Map<string, Model>;
beforeAll(async () => {
  city = loadCity();
  models = await loadModels();
});

function live(
  fleets: { [kind: string]: number },
  seed: number,
  ticks: number,
  tickMs: number,
  onTick?: (run: Run, tick: number) => void,
  more: Partial<RunOptions> = {},
) {
  const lines: Line[] = [];
  const truths: { kind: string; device: number; ts: number; fields: { readonly [name: string]: unknown } }[] = [];
  const acks: (Ack & { device: number })[] = [];
  const run = new Run({
    city,
    models,
    fleets,
    seed,
    startMs: START_MS,
    utcOffsetMin: OFFSET_MIN,
    sink: {
      record: (kind, device, ts, seq, readings) =>
        lines.push({ kind, device, ts, seq, what: 'record', readings: { ...readings } }),
      event: (kind, device, ts, seq, name, state, readings) =>
        lines.push({ kind, device, ts, seq, what: `${name} ${state}`, readings: { ...readings } }),
      ack: (_kind, device, ack) => acks.push({ ...ack, device }),
      truth: (kind, device, ts, _seq, fields) => truths.push({ kind, device, ts, fields }),
    },
    ...more,
  });
  for (let tick = 0; tick < ticks; tick++) {
    onTick?.(run, tick);
    run.tick(tickMs);
  }
  return { lines, acks, truths, run };
}

const FLEETS = { bus: 24, vehicle: 150, 'parking-spot': 200, 'water-meter': 300 };

describe('every model', () => {
  it('reports values that survive the wire, inside their limits, in time, numbered from one', () => {
    const { lines } = live(FLEETS, 3, 1800, 1000);
    const encoders = new Map([...models].map(([kind, model]) => [kind, new RecordEncoder(describeModel(model))]));
    const decoders = new Map([...models].map(([kind, model]) => [kind, new RecordDecoder(describeModel(model))]));
    const lastSeq = new Map<string, number>();
    const lastTs = new Map<string, number>();
    for (const { kind, device, ts, seq, what, readings } of lines) {
      const id = `${kind}/${device}`;
      expect(seq).toBe((lastSeq.get(id) ?? 0) + 1);
      expect(ts).toBeGreaterThanOrEqual(lastTs.get(id) ?? START_MS);
      expect(ts).toBeLessThanOrEqual(START_MS + 1_800_000);
      lastSeq.set(id, seq);
      lastTs.set(id, ts);
      if (what !== 'record') continue;
      const decoded = decoders.get(kind)!.decode(deviceId(kind, device), encoders.get(kind)!.encode(ts, seq, readings));
      const sent = Object.fromEntries(Object.entries(readings).filter(([, value]) => value !== undefined));
      expect(decoded.fields).toEqual(
        Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, value === 0 ? 0 : value])),
      );
    }
    for (const [kind, count] of Object.entries(FLEETS)) {
      const seen = new Set(lines.filter((line) => line.kind === kind).map(({ device }) => device));
      expect([kind, seen.size]).toEqual([kind, count]);
    }
  });

  // `up` moves the clock by minutes, so that a scenario starts at its time of day.
  it('lives under a clock that is minutes away from full hours', () => {
    const fleets = Object.fromEntries([...models.keys()].map((kind) => [kind, 60]));
    const { lines } = live(fleets, 3, 400, 10_000, undefined, { utcOffsetMin: -198 });
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(models.keys()));
  });

  it('has labels in both languages for itself, its fields, events and commands', () => {
    for (const { description } of models.values()) {
      const { kind, labels, fields, events = {}, commands = {} } = description;
      const all = [{ labels }, ...Object.values(fields), ...Object.values(events), ...Object.values(commands)];
      expect([kind, all.filter((item) => !item.labels?.zh).length]).toEqual([kind, 0]);
    }
  });
});

describe('a run', () => {
  it('repeats exactly with the same seed and differs with another', () => {
    const first = live(FLEETS, 7, 900, 1000).lines;
    expect(first.length).toBeGreaterThan(5000);
    expect(live(FLEETS, 7, 900, 1000).lines).toEqual(first);
    expect(live(FLEETS, 8, 900, 1000).lines).not.toEqual(first);
  });

  it('gives meters and parking spots the same life alone and in a crowd', () => {
    for (const kind of ['water-meter', 'parking-spot']) {
      const alone = live({ [kind]: 20 }, 7, 120, 60_000).lines.filter(({ device }) => device < 20);
      const crowd = live({ ...FLEETS, [kind]: 200 }, 7, 120, 60_000).lines.filter(
        (line) => line.kind === kind && line.device < 20,
      );
      const key = ({ device, ts, seq, readings }: Line) => JSON.stringify([device, ts, seq, readings]);
      expect(crowd.map(key).sort()).toEqual(alone.map(key).sort());
    }
  });

  it('obeys a command once, however often its id comes', () => {
    const command = { id: 'c-1', name: 'setHeartbeat', args: { intervalS: 600 } };
    const { acks } = live({ 'parking-spot': 3 }, 7, 20, 1000, (run, tick) => {
      if (tick === 2 || tick === 8) run.command('parking-spot', 'parking-spot-0002', command);
    });
    const states = acks.map(({ device, state }) => `${device} ${state}`);
    expect(states).toEqual(['1 accepted', '1 done', '1 done']);
  });

  it('refuses what a kind does not know and devices that do not exist', () => {
    const { acks } = live({ bus: 12 }, 7, 5, 1000, (run, tick) => {
      if (tick !== 1) return;
      expect(run.command('bus', 'bus-0001', { id: 'a', name: 'fly', args: {} })).toBeUndefined();
      expect(run.command('bus', 'bus-0013', { id: 'b', name: 'hold', args: { durationS: 30 } })).toMatch(
        /^there is no /,
      );
      expect(run.command('tram', 'tram-0001', { id: 'c', name: 'hold', args: {} })).toMatch(/^there is no /);
      run.command('bus', 'bus-0002', { id: 'd', name: 'hold', args: { durationS: 0 } });
    });
    expect(acks.find(({ id }) => id === 'a')).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('fly') as string,
    });
    expect(acks.find(({ id }) => id === 'd')).toMatchObject({
      state: 'rejected',
      reason: expect.stringContaining('0') as string,
    });
  });

  it('counts ids from the fleet index', () => {
    expect(deviceId('bus', 6)).toBe('bus-0007');
    expect(deviceIndex('bus', 'bus-0007')).toBe(6);
    expect(['bus-7', 'bus-0000', 'bus--001', 'tram-0007', 'bus-1e3'].map((id) => deviceIndex('bus', id))).toEqual(
      Array(5).fill(undefined),
    );
  });
});

const entry = (partial: Partial<TimelineEntry> & { event: string }): TimelineEntry => ({
  id: partial.event,
  atMs: 0,
  durationMs: Infinity,
  args: {},
  ...partial,
});

describe('the fingerprint of a run', () => {
  it('is the same for the same run and another for another seed', () => {
    const hashOf = (seed: number) => live(FLEETS, seed, 120, 1000).run.hash.toString();
    expect(hashOf(7)).toBe(hashOf(7));
    expect(hashOf(7)).not.toBe(hashOf(8));
  });

  it('counts every message that leaves a device', () => {
    const { run, lines } = live(FLEETS, 7, 120, 1000);
    expect(run.hash.count).toBe(lines.length);
  });
});

describe('a timeline', () => {
  const FROM = 60_000;
  const rain = entry({
    id: 'rain',
    event: 'weather',
    atMs: FROM,
    durationMs: 120_000,
    args: { rainMmPerH: 20, rampS: 0 },
  });
  const key = (line: Line) => JSON.stringify(line);

  it('changes nothing before its first entry, and something after it', () => {
    const calm = live(FLEETS, 7, 400, 1000).lines;
    const wet = live(FLEETS, 7, 400, 1000, undefined, { timeline: [rain] }).lines;
    const before = (lines: Line[]) => lines.filter(({ ts }) => ts <= START_MS + FROM).map(key);
    expect(before(wet)).toEqual(before(calm));
    expect(wet.map(key)).not.toEqual(calm.map(key));
  });

  it('breaks a sensor for as long as it says, and the truth names the fault', () => {
    const fault = entry({
      id: 'broken',
      event: 'sensor-fault',
      atMs: FROM,
      durationMs: 60_000,
      target: { kind: 'vehicle', devices: ['vehicle-0003'] },
      args: { fault: 'dead', field: 'headingDeg' },
    });
    const { lines, truths } = live({ vehicle: 5 }, 7, 240, 1000, undefined, { timeline: [fault] });
    const during = (ts: number) => ts > START_MS + FROM && ts < START_MS + FROM + 60_000;
    const own = lines.filter(({ device, what }) => device === 2 && what === 'record');
    expect(own.filter(({ ts }) => during(ts)).length).toBeGreaterThan(3);
    expect(own.filter(({ ts, readings }) => during(ts) === 'headingDeg' in readings)).toEqual([]);
    const named = truths.filter(
      ({ device, fields }) => device === 2 && String(fields.faults).includes('dead:headingDeg'),
    );
    expect(named.every(({ ts }) => during(ts))).toBe(true);
    expect(named.length).toBe(own.filter(({ ts }) => during(ts)).length);
    expect(truths.filter(({ device, fields }) => device !== 2 && fields.faults !== undefined)).toEqual([]);
  });

  it('tells the witness whom an entry befell', () => {
    const seen: [string, string, readonly number[]][] = [];
    const breakdown = entry({ event: 'breakdown', atMs: FROM, target: { kind: 'bus', count: 2 }, args: {} });
    live({ bus: 24 }, 7, 90, 1000, undefined, {
      timeline: [breakdown],
      witness: { befell: (id, _at, kind, devices) => seen.push([id, kind, devices()]) },
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.slice(0, 2)).toEqual(['breakdown', 'bus']);
    expect(seen[0]![2]).toHaveLength(2);
  });

  it('lets an injected event begin with the next tick', () => {
    const breakdown = {
      id: 'x',
      event: 'breakdown',
      durationMs: Infinity,
      target: { kind: 'bus', devices: ['bus-0004'] },
      args: {},
    };
    const { lines } = live({ bus: 24 }, 7, 30, 1000, (run, tick) => {
      if (tick === 10) run.inject(breakdown);
    });
    const events = lines.filter(({ what }) => what === 'breakdown raised');
    expect(events.map(({ device, ts }) => [device, ts])).toEqual([[3, START_MS + 11_000]]);
  });
});

describe('controllers and the command log', () => {
  /** Holds every third bus that stops. */
  function holder(): Controller {
    let seen = 0;
    let due: string[] = [];
    return {
      name: 'holder',
      reads: ['bus'],
      observe: ({ device, fields }) => {
        if (fields.status === 'stoppedAt' && ++seen % 3 === 0) due.push(device);
      },
      decide: () => {
        const decisions = due.map((device) => ({
          kind: 'bus',
          device,
          command: { name: 'hold', args: { durationS: 30 } },
          why: '',
        }));
        due = [];
        return decisions;
      },
    };
  }

  it('lets a controller see telemetry and change the city from the next tick on', () => {
    const { run, acks } = live({ bus: 24 }, 7, 600, 1000, undefined, { controllers: () => [holder()] });
    expect(acks.filter(({ state }) => state === 'accepted').length).toBeGreaterThan(3);
    expect(acks.every(({ id }) => id.startsWith('holder-'))).toBe(true);
    expect(run.hash.toString()).not.toBe(live({ bus: 24 }, 7, 600, 1000).run.hash.toString());
  });

  it('cuts the control centre off for the time of an outage, and starts a new one afterwards', () => {
    let created = 0;
    const seen: number[] = [];
    const listener = (): Controller => {
      created++;
      return {
        name: 'listener',
        reads: ['bus'],
        observe: ({ ts }) => void seen.push(ts),
        decide: () => [],
      };
    };
    const refusals = new Map<number, string | undefined>();
    const timeline = [{ id: 'cut', event: 'control-outage', atMs: 60_000, durationMs: 120_000, args: {} }];
    live(
      { bus: 24 },
      7,
      300,
      1000,
      (run, tick) => {
        if (tick % 100 === 50)
          refusals.set(tick, run.command('bus', 'bus-0001', { id: `c${tick}`, name: 'departNow', args: {} }));
      },
      { controllers: () => [listener()], timeline },
    );
    expect(created).toBe(2);
    const during = seen.filter((ts) => ts > START_MS + 61_000 && ts < START_MS + 180_000);
    expect(during).toEqual([]);
    expect(Math.min(...seen)).toBeLessThan(START_MS + 60_000);
    expect(Math.max(...seen)).toBeGreaterThan(START_MS + 240_000);
    expect([...refusals.values()]).toEqual([undefined, 'the control centre is cut off', undefined]);
  });

  it('repeats a session from its log alone: same messages, same log', () => {
    const log: Parameters<NonNullable<Run['log']['onEntry']>>[0][] = [];
    const session = live(
      { bus: 24, 'parking-spot': 50 },
      7,
      600,
      1000,
      (run, tick) => {
        run.log.onEntry = (one) => log.push(one);
        if (tick === 100)
          run.command('parking-spot', 'parking-spot-0007', { id: 'a', name: 'setHeartbeat', args: { intervalS: 60 } });
        if (tick === 200) run.inject({ id: 'rain', event: 'weather', durationMs: 100_000, args: { rainMmPerH: 30 } });
      },
      { controllers: () => [holder()] },
    );
    expect(log.length).toBeGreaterThan(5);
    const again = live({ bus: 24, 'parking-spot': 50 }, 7, 600, 1000, undefined, { replay: log });
    expect(again.run.hash.toString()).toBe(session.run.hash.toString());
    expect(again.run.log.sum.toString()).toBe(session.run.log.sum.toString());
    const without = live({ bus: 24, 'parking-spot': 50 }, 7, 600, 1000, undefined, { replay: [] });
    expect(without.run.hash.toString()).not.toBe(session.run.hash.toString());
  });

  it('logs an event with the first tick that feels it, so that one that nobody felt is no part of the session', () => {
    const rain = { id: 'rain', event: 'weather', durationMs: 100_000, args: { rainMmPerH: 30 } };
    const { run } = live({ bus: 2 }, 7, 5, 1000);
    run.inject(rain);
    expect(run.log.sum.count).toBe(0);
    run.tick(1000);
    expect(run.log.sum.count).toBe(1);
    const companion = live({ bus: 2 }, 7, 5, 1000, (of, tick) => tick === 2 && of.inject(rain), { logsEvents: false });
    expect(companion.run.log.sum.count).toBe(0);
  });
});
