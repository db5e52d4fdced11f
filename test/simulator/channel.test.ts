import { describe, expect, it, test } from 'vitest';
import { channelFaultProblem, createChannel } from '../../simulator/channel.ts';
import type { ChannelFault } from '../../simulator/channel.ts';
import {
  BAD_TO_GOOD,
  BurstLoss,
  GOOD_TO_BAD,
  LOSS_WHEN_BAD,
  LOSS_WHEN_GOOD,
} from '../../simulator/channel/burst-loss.ts';
import { KEPT_MESSAGES } from '../../simulator/channel/outbox.ts';
import { Random } from '../../simulator/random.ts';
import type { Readings } from '../../simulator/sink.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

interface Arrival {
  readonly device: number;
  readonly ts: number;
  readonly seq: number;
  readonly readings: Readings;
  readonly name?: string;
  readonly atMs: number;
}

interface Options {
  readonly qos?: 0 | 1;
  readonly quality?: 'ideal' | 'field';
  readonly seed?: number;
  readonly reaches?: (device: number, nowMs: number) => boolean;
}

/** A channel with a clock and a list of what came through. */
class Line {
  readonly arrivals: Arrival[] = [];
  readonly channel;
  nowMs = START_MS;

  constructor({ qos = 1, quality = 'ideal', seed = 1, reaches = () => true }: Options = {}) {
    this.channel = createChannel({
      kind: 'meter',
      qos,
      quality,
      random: new Random(seed),
      reaches: (device) => reaches(device, this.nowMs),
      sink: {
        record: (_kind, device, ts, seq, readings) =>
          this.arrivals.push({ device, ts, seq, readings, atMs: this.nowMs }),
        event: (_kind, device, ts, seq, name, _state, readings) =>
          this.arrivals.push({ device, ts, seq, readings, name, atMs: this.nowMs }),
      },
    });
  }

  /** Every device sends every `everyMs`, for `count` messages; the channel is released at the end of each tick. */
  run(devices: number, count: number, everyMs: number, tickMs = everyMs, extraMs = 0): this {
    let next = 1;
    for (const endMs = START_MS + count * everyMs + extraMs; this.nowMs < endMs;) {
      this.nowMs += tickMs;
      for (; next <= count && START_MS + next * everyMs <= this.nowMs; next++) {
        for (let device = 0; device < devices; device++) this.send(device, START_MS + next * everyMs, next);
      }
      this.channel.release(this.nowMs);
    }
    return this;
  }

  send(device: number, ts: number, seq: number): void {
    this.channel.record(device, ts, seq, { value: device * 1e6 + seq });
  }

  impose(device: number, fault: Omit<ChannelFault, 'fromMs' | 'untilMs'>, fromS = 0, untilS = Infinity): this {
    this.channel.impose(device, { ...fault, fromMs: START_MS + fromS * 1000, untilMs: START_MS + untilS * 1000 });
    return this;
  }
}

const identity = ({ device, ts, seq, readings }: Arrival) => `${device} ${ts} ${seq} ${String(readings.value)}`;
const seqs = (arrivals: readonly Arrival[]) => arrivals.map(({ seq }) => seq);

describe('an ideal channel', () => {
  it('loses, doubles, delays and changes nothing', () => {
    const line = new Line();
    const readings = { value: 1 };
    for (let seq = 1; seq <= 20_000; seq++) line.channel.record(seq % 7, START_MS + seq, seq, readings);
    line.channel.event(3, START_MS + 5, 20_001, 'leak', 'raised', readings);
    expect(line.arrivals.length).toBe(20_001);
    expect(seqs(line.arrivals)).toEqual(Array.from({ length: 20_001 }, (_, i) => i + 1));
    expect(line.arrivals.every((arrival) => arrival.readings === readings)).toBe(true);
    expect(line.arrivals.at(-1)).toMatchObject({ device: 3, name: 'leak', ts: START_MS + 5 });
    expect(line.channel.counts).toEqual({ lost: 0, duplicated: 0, late: 0, kept: 0, waiting: 0 });
    expect(line.channel.faultsOf(3, START_MS, 1)).toEqual([]);
  });
});

describe('a channel in the field', () => {
  it('is bad in bursts that are geometric in length and as frequent as declared', () => {
    const loss = new BurstLoss(new Random(2));
    const bursts: number[] = [];
    const messages = 1_000_000;
    let length = 0;
    for (let seq = 1; seq <= messages; seq++) {
      if (loss.isBad(7, seq)) length++;
      else if (length > 0) {
        bursts.push(length);
        length = 0;
      }
    }
    const bad = bursts.reduce((sum, burst) => sum + burst, 0);
    expect(Math.abs(bad / bursts.length / (1 / BAD_TO_GOOD) - 1)).toBeLessThan(0.1);
    expect(Math.abs(bursts.length / (messages - bad) / GOOD_TO_BAD - 1)).toBeLessThan(0.1);
    const longerThan = (n: number) => bursts.filter((burst) => burst > n).length / bursts.length;
    for (const n of [1, 3, 8]) {
      expect(Math.abs(longerThan(n) / Math.exp(n * Math.log(1 - BAD_TO_GOOD)) - 1)).toBeLessThan(0.1);
    }
  });

  it('loses, doubles and delays as declared, and what it does balances', () => {
    const [devices, count] = [400, 500];
    const line = new Line({ quality: 'field' }).run(devices, count, 10_000, 10_000, HOUR_MS);
    const { lost, duplicated, late, kept, waiting } = line.channel.counts;
    const sent = devices * count;
    const badShare = GOOD_TO_BAD / (GOOD_TO_BAD + BAD_TO_GOOD);
    const lossShare = badShare * LOSS_WHEN_BAD + (1 - badShare) * LOSS_WHEN_GOOD;
    expect(line.arrivals.length).toBe(sent - lost + duplicated);
    expect(new Set(line.arrivals.map(identity)).size).toBe(sent - lost);
    expect([kept, waiting]).toEqual([0, 0]);
    expect(Math.abs(lost / sent / lossShare - 1)).toBeLessThan(0.15);
    expect(Math.abs(duplicated / sent / 0.003 - 1)).toBeLessThan(0.15);
    expect(Math.abs(late / sent / 0.005 - 1)).toBeLessThan(0.15);
  });

  it('delays by half a minute on average and never alters a message', () => {
    const line = new Line({ quality: 'field' }).run(300, 600, 1000, 1000, HOUR_MS);
    // The device's clock is off by up to some seconds: compare with the moment of sending.
    const delays = line.arrivals
      .map(({ seq, atMs }) => atMs - (START_MS + seq * 1000))
      .filter((delayMs) => delayMs > 0);
    const mean = delays.reduce((sum, delayMs) => sum + delayMs, 0) / delays.length;
    // Rounded up to the tick.
    expect(Math.abs((mean - 500) / 30_000 - 1)).toBeLessThan(0.15);
    expect(line.arrivals.every(({ device, seq, readings }) => readings.value === device * 1e6 + seq)).toBe(true);
  });

  it('doubles QoS 1 only', () => {
    const line = new Line({ quality: 'field', qos: 0 }).run(200, 200, 1000);
    expect(line.channel.counts.duplicated).toBe(0);
    expect(line.channel.counts.lost).toBeGreaterThan(0);
  });

  it('has a clock on every device that is off by about a second, always the same', () => {
    const line = new Line({ quality: 'field' }).run(3000, 3, 60_000, 60_000, HOUR_MS);
    const offMs = line.arrivals.map(({ device, ts, seq }) => ({ device, ms: ts - START_MS - seq * 60_000 }));
    const own = new Map(offMs.map(({ device, ms }) => [device, ms]));
    expect(offMs.every(({ device, ms }) => own.get(device) === ms)).toBe(true);
    const sd = Math.sqrt([...own.values()].reduce((sum, ms) => sum + ms * ms, 0) / own.size);
    expect(Math.abs(sd / 1000 - 1)).toBeLessThan(0.05);
  });

  it('does the same whatever the length of a tick, and however many devices there are', () => {
    const run = (devices: number, tickMs: number) =>
      new Line({ quality: 'field' }).run(devices, 120, 5000, tickMs, HOUR_MS);
    const [short, long, fewer] = [run(60, 1000), run(60, 60_000), run(20, 1000)];
    expect(short.arrivals.map(identity).sort()).toEqual(long.arrivals.map(identity).sort());
    expect(short.channel.counts).toEqual(long.channel.counts);
    expect(fewer.arrivals.map(identity).sort()).toEqual(
      short.arrivals
        .filter(({ device }) => device < 20)
        .map(identity)
        .sort(),
    );
  });

  it('names in the truth exactly what it did', () => {
    const line = new Line({ quality: 'field' }).impose(0, { fault: 'dropout', size: 0.2 });
    const count = 4000;
    line.run(5, count, 1000, 1000, HOUR_MS);
    const times = new Map<string, number>();
    for (const { device, seq } of line.arrivals)
      times.set(`${device} ${seq}`, (times.get(`${device} ${seq}`) ?? 0) + 1);
    const sums = { lost: 0, duplicated: 0, late: 0 };
    for (let device = 0; device < 5; device++) {
      for (let seq = 1; seq <= count; seq++) {
        const names = line.channel.faultsOf(device, START_MS + seq * 1000, seq);
        const isLost = names.includes('loss') || names.includes('dropout');
        expect(times.get(`${device} ${seq}`) ?? 0).toBe(isLost ? 0 : names.includes('duplicate') ? 2 : 1);
        if (isLost) sums.lost++;
        if (names.includes('duplicate')) sums.duplicated++;
        if (names.includes('late')) sums.late++;
      }
    }
    expect(line.channel.counts).toMatchObject(sums);
  });
});

describe('a network outage', () => {
  const OUTAGE = { fromS: 600, untilS: 1800 };
  const away = (_device: number, nowMs: number) =>
    nowMs < START_MS + OUTAGE.fromS * 1000 || nowMs >= START_MS + OUTAGE.untilS * 1000;
  const backMs = START_MS + OUTAGE.untilS * 1000;

  it('loses QoS 0', () => {
    const line = new Line({ qos: 0, reaches: away }).run(3, 60, 60_000, 60_000);
    expect(line.channel.counts).toEqual({ lost: 60, duplicated: 0, late: 0, kept: 0, waiting: 0 });
    expect(line.arrivals.length).toBe(120);
    expect(seqs(line.arrivals.filter(({ device }) => device === 1)).slice(8, 11)).toEqual([9, 30, 31]);
  });

  it('keeps QoS 1 on the device and sends it after, in order, with its own time', () => {
    const line = new Line({ reaches: away }).run(200, 60, 60_000, 1000, HOUR_MS);
    const { lost, kept, waiting } = line.channel.counts;
    expect([lost, waiting]).toEqual([0, 0]);
    expect(kept).toBeGreaterThanOrEqual(200 * 20);
    for (let device = 0; device < 200; device++) {
      const own = line.arrivals.filter((arrival) => arrival.device === device);
      expect(seqs(own)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
      expect(own.every(({ ts, seq }) => ts === START_MS + seq * 60_000)).toBe(true);
      expect(own.every(({ atMs, seq }) => seq < 10 || seq >= 30 || atMs > backMs)).toBe(true);
    }
  });

  it('is followed by devices that come back one by one', () => {
    const line = new Line({ reaches: away }).run(2000, 29, 60_000, 1000, HOUR_MS);
    const backs = line.arrivals.filter(({ seq }) => seq === 10).map(({ atMs }) => atMs - backMs);
    const mean = backs.reduce((sum, ms) => sum + ms, 0) / backs.length;
    // Rounded up to the tick.
    expect(Math.abs((mean - 500) / 10_000 - 1)).toBeLessThan(0.1);
    expect(Math.max(...backs)).toBeGreaterThan(40_000);
    expect(new Set(backs).size).toBeGreaterThan(40);
  });

  it('costs a device its oldest messages when it has no more room', () => {
    const line = new Line({ reaches: away }).run(2, 360, 10_000, 10_000, HOUR_MS);
    const missing = 120 - KEPT_MESSAGES;
    expect(line.channel.counts.lost).toBe(2 * missing);
    const own = seqs(line.arrivals.filter(({ device }) => device === 1));
    expect(own).toEqual(Array.from({ length: 360 }, (_, i) => i + 1).filter((seq) => seq < 60 || seq >= 60 + missing));
  });

  it('that comes back keeps what has not left', () => {
    let isUp = false;
    const line = new Line({ reaches: () => isUp });
    line.send(0, START_MS, 1);
    isUp = true;
    line.channel.release(START_MS + 10_000);
    isUp = false;
    line.channel.release(START_MS + 600_000);
    line.channel.release(Infinity);
    expect(line.arrivals).toEqual([]);
    expect(line.channel.counts.waiting).toBe(1);
    isUp = true;
    line.channel.release(Infinity);
    expect(seqs(line.arrivals)).toEqual([1]);
    expect(line.channel.counts.waiting).toBe(0);
  });

  it('is felt by its devices only, and events are kept whatever the QoS of records', () => {
    const line = new Line({ qos: 0, reaches: (device, nowMs) => device !== 1 || away(device, nowMs) });
    line.nowMs = START_MS + 700_000;
    for (const device of [0, 1]) {
      line.send(device, line.nowMs, 1);
      line.channel.event(device, line.nowMs, 2, 'leak', 'raised', { value: 1 });
    }
    expect(line.arrivals.map(({ device, seq }) => [device, seq])).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(line.channel.faultsOf(1, line.nowMs, 1)).toEqual(['outage']);
    expect(line.channel.faultsOf(0, line.nowMs, 1)).toEqual([]);
    line.nowMs = backMs + HOUR_MS;
    line.channel.release(line.nowMs);
    line.channel.release(line.nowMs + HOUR_MS);
    expect(line.arrivals.slice(2)).toMatchObject([{ device: 1, seq: 2, name: 'leak', ts: START_MS + 700_000 }]);
  });
});

describe('an imposed fault', () => {
  it('dropout loses its share of the messages of its device and its time', () => {
    const line = new Line()
      .impose(1, { fault: 'dropout', size: 0.3 }, 1000, 3000)
      .impose(2, { fault: 'dropout' }, 0, 100);
    line.run(3, 4000, 1000);
    const own = (device: number) => seqs(line.arrivals.filter((arrival) => arrival.device === device));
    expect(own(0).length).toBe(4000);
    const during = own(1).filter((seq) => seq >= 1000 && seq < 3000).length;
    expect(Math.abs(during / 2000 - 0.7)).toBeLessThan(0.04);
    expect(own(1).length - during).toBe(2000);
    expect(own(2)[0]).toBe(100);
  });

  it('duplicate sends twice, one copy right after the other', () => {
    const all = new Line({ qos: 0 }).impose(0, { fault: 'duplicate' }, 0, 3).run(1, 4, 1000);
    expect(seqs(all.arrivals)).toEqual([1, 1, 2, 2, 3, 4]);
    const half = new Line().impose(1, { fault: 'duplicate', size: 0.5 }).run(2, 1000, 1000);
    expect(Math.abs(half.channel.counts.duplicated / 500 - 1)).toBeLessThan(0.1);
    expect(half.arrivals.length).toBe(2000 + half.channel.counts.duplicated);
  });

  it('late lets messages overtake each other and loses none', () => {
    const line = new Line().impose(0, { fault: 'late', size: 60 }).run(1, 2000, 1000, 1000, HOUR_MS);
    const order = seqs(line.arrivals);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
    const meanMs = line.arrivals.reduce((sum, { atMs, ts }) => sum + atMs - ts, 0) / 2000;
    expect(Math.abs((meanMs - 500) / 60_000 - 1)).toBeLessThan(0.1);
    expect(line.channel.counts).toMatchObject({ late: 2000, waiting: 0 });
  });

  it('late arrives in the same order whatever the length of a tick', () => {
    const order = (tickMs: number) => {
      const line = new Line();
      for (let device = 0; device < 20; device++) line.impose(device, { fault: 'late' });
      return line.run(20, 100, 5000, tickMs, HOUR_MS).arrivals.map(identity);
    };
    expect(order(60_000)).toEqual(order(1000));
  });

  it('meets what is sent in its time, however old that is; a wrong clock what was measured in its time', () => {
    const line = new Line()
      .impose(0, { fault: 'dropout' }, 7200, 7210)
      .impose(1, { fault: 'clock-skew', size: 5 }, 0, 3600);
    const measuredMs = [START_MS + HOUR_MS / 2, START_MS + 1.5 * HOUR_MS];
    for (const [nowS, firstSeq] of [
      [7199, 1],
      [7205, 3],
    ] as const) {
      line.channel.release(START_MS + nowS * 1000);
      for (const device of [0, 1]) measuredMs.forEach((ts, i) => line.send(device, ts, firstSeq + i));
    }
    const own = (device: number) => line.arrivals.filter((arrival) => arrival.device === device);
    expect(seqs(own(0))).toEqual([1, 2]);
    expect(own(1).map(({ ts }, i) => ts - measuredMs[i % 2]!)).toEqual([5000, 0, 5000, 0]);
  });

  it('late counts from the moment of sending', () => {
    const line = new Line().impose(0, { fault: 'late', size: 1000 });
    line.channel.release(START_MS + 24 * HOUR_MS);
    for (let seq = 1; seq <= 24; seq++) line.send(0, START_MS + seq * HOUR_MS, seq);
    line.channel.release(START_MS + 24 * HOUR_MS + 1);
    expect(line.arrivals.length).toBe(0);
  });

  it('clock-skew writes a wrong time on the message', () => {
    const line = new Line().impose(0, { fault: 'clock-skew', size: -3600.5 }, 2, 4).run(1, 5, 1000);
    expect(line.arrivals.map(({ ts, seq }) => ts - START_MS - seq * 1000)).toEqual([0, -3_600_500, -3_600_500, 0, 0]);
    expect(line.channel.faultsOf(0, START_MS + 2000, 2)).toEqual(['clock-skew']);
    expect(line.channel.faultsOf(0, START_MS + 4000, 4)).toEqual([]);
  });

  test.each([
    [{ fault: 'dropout' }, undefined],
    [{ fault: 'late', size: 5 }, undefined],
    [{ fault: 'clock-skew', size: -28_800 }, undefined],
    [{ fault: 'dropot' }, 'unknown fault "dropot", did you mean dropout?'],
    [{ fault: 7 }, 'unknown fault 7, expected one of dropout, duplicate, late, clock-skew'],
    [{ fault: 'dropout', size: 1.5 }, 'size of fault dropout must be a probability above 0, up to 1, got 1.5'],
    [{ fault: 'late', size: -1 }, 'size of fault late must be a mean in seconds above 0, up to 86400, got -1'],
    [{ fault: 'clock-skew' }, 'fault clock-skew needs a size in seconds'],
  ])('is checked: %j', (fault, problem) => {
    const found = channelFaultProblem(fault);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it('that is none is refused when it is imposed', () => {
    expect(() => new Line().impose(0, { fault: 'duplicate', size: 3 })).toThrow('got 3');
  });
});
