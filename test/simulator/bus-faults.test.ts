// What a scenario can break on a bus, and what is then said and what is so. Breakdowns are in bus.test.ts.
import { describe, expect, it } from 'vitest';
import { model } from '../../simulator/models/bus.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const BUSES = 10;
const city = fakeCity();

function befall(life: Life, bus: number, name: string, args = {}, untilMs = Infinity): void {
  life.fleet.befall!(bus, { name, args, untilMs }, life.nowMs, life.report);
}

function ofBus(life: Life, bus: number, fromMs = START_MS): Reported[] {
  return life.records.filter(({ device, tsMs }) => device === bus && tsMs > fromMs);
}

/** One that drives in the middle of a way. */
function moving(life: Life): number {
  return life.records.findLast(({ fields }) => {
    const stop = Number(fields.stopSequence);
    return fields.status === 'inTransitTo' && stop > 2 && stop < 7;
  })!.device;
}

describe('gnss-freeze', () => {
  it('repeats position, speed and heading while the truth moves on, and ends', () => {
    const life = new Life(model, city, BUSES).run(600);
    const bus = moving(life);
    befall(life, bus, 'gnss-freeze', { durationS: 200 });
    const fromMs = life.nowMs;
    life.run(400);
    const frozen = ofBus(life, bus, fromMs).filter(({ tsMs }) => tsMs < fromMs + 200_000);
    expect(frozen.length).toBeGreaterThan(35);
    for (const field of ['lat', 'lon', 'speedMps', 'headingDeg'])
      expect(new Set(frozen.map(({ fields }) => fields[field])).size, field).toBe(1);
    expect(new Set(frozen.map(({ hidden }) => hidden!.trueLon)).size).toBeGreaterThan(15);
    expect(new Set(frozen.map(({ hidden }) => hidden!.trueSpeedMps)).size).toBeGreaterThan(5);
    const odometers = frozen.map(({ fields }) => Number(fields.odometerM));
    expect(odometers.at(-1)! - odometers[0]!).toBeGreaterThan(400);
    const after = ofBus(life, bus, fromMs + 205_000);
    expect(new Set(after.map(({ fields }) => fields.lon)).size).toBeGreaterThan(15);
  });

  it('changes nothing but what is said', () => {
    const [usual, frozen] = [0, 1].map(() => new Life(model, city, BUSES).run(600)) as [Life, Life];
    befall(frozen, moving(frozen), 'gnss-freeze', { durationS: 600 });
    for (const life of [usual, frozen]) life.run(1200);
    const truths = (life: Life) => life.records.map(({ hidden, fields }) => [hidden, fields.odometerM, fields.load]);
    expect(truths(frozen)).toEqual(truths(usual));
  });
});

describe('counter-bias', () => {
  it('misses the given share of a crowd, and counts right what is not one', () => {
    const busy = fakeWorld({ boardingShare: 0.2 });
    const life = new Life(model, city, 6).run(1800, busy);
    for (let bus = 0; bus < 6; bus++) befall(life, bus, 'counter-bias', { biasPct: 10 });
    const fromMs = life.nowMs;
    life.run(3600, busy);
    const counts = life.records
      .filter(({ tsMs, fields }) => tsMs > fromMs && fields.load !== undefined)
      .map(({ fields, hidden }) => [Number(fields.load), Number(hidden!.trueLoad)] as const);
    const crowded = counts.filter(([, truth]) => truth > 34);
    const others = counts.filter(([, truth]) => truth <= 34);
    expect(crowded.length).toBeGreaterThan(200);
    expect(others.length).toBeGreaterThan(200);
    expect(crowded.every(([said, truth]) => said === Math.round(0.9 * truth))).toBe(true);
    expect(others.every(([said, truth]) => said === truth)).toBe(true);
  });

  it('ends with the happening', () => {
    const busy = fakeWorld({ boardingShare: 0.2 });
    const life = new Life(model, city, 6).run(1800, busy);
    for (let bus = 0; bus < 6; bus++) befall(life, bus, 'counter-bias', { biasPct: 10 }, life.nowMs + 60_000);
    life.run(60, busy);
    const endMs = life.nowMs;
    life.run(1200, busy);
    const after = life.records.filter(({ tsMs, fields }) => tsMs > endMs && fields.load !== undefined);
    expect(after.some(({ hidden }) => Number(hidden!.trueLoad) > 34)).toBe(true);
    expect(after.every(({ fields, hidden }) => fields.load === hidden!.trueLoad)).toBe(true);
  });
});

describe('door-stuck', () => {
  it('keeps the bus at its next stop with open doors until they are freed, and says so', () => {
    const life = new Life(model, city, BUSES).run(600);
    const bus = moving(life);
    befall(life, bus, 'door-stuck');
    life.run(600);
    const events = life.events.filter(({ device, name }) => device === bus && name === 'doorStuck');
    expect(events.map(({ state }) => state)).toEqual(['raised', 'cleared']);
    const [raised, cleared] = events as [(typeof events)[0], (typeof events)[0]];
    expect(cleared.tsMs - raised.tsMs).toBeGreaterThanOrEqual(180_000);
    // Whoever has come meanwhile still gets in.
    expect(cleared.tsMs - raised.tsMs).toBeLessThanOrEqual(200_000);
    const stuck = ofBus(life, bus, raised.tsMs).filter(({ tsMs }) => tsMs < cleared.tsMs);
    expect(stuck.length).toBeGreaterThan(30);
    expect(stuck.every(({ fields }) => fields.doorOpen === true && fields.speedMps === 0)).toBe(true);
    const leaves = ofBus(life, bus, raised.tsMs).find(({ fields }) => fields.boarded !== undefined)!;
    expect(Number(leaves.fields.dwellS)).toBeGreaterThan(180);
    expect(ofBus(life, bus, cleared.tsMs + 60_000).some(({ fields }) => fields.status === 'inTransitTo')).toBe(true);
  });
});

describe('terminal-reboot', () => {
  it('is silent for 90 s, then sends what was recorded, oldest first, at ten a second, and loses nothing', () => {
    const [usual, rebooted] = [0, 1].map(() => new Life(model, city, BUSES).run(600)) as [Life, Life];
    const bus = moving(usual);
    befall(rebooted, bus, 'terminal-reboot');
    const fromMs = rebooted.nowMs;
    const heard: { readonly atMs: number; readonly tsMs: number }[] = [];
    for (let second = 0; second < 300; second++) {
      const before = rebooted.records.length;
      rebooted.run(1);
      for (const { device, tsMs } of rebooted.records.slice(before))
        if (device === bus) heard.push({ atMs: rebooted.nowMs, tsMs });
    }
    usual.run(300);
    expect(heard[0]!.atMs - fromMs).toBeGreaterThanOrEqual(90_000);
    expect(heard[0]!.tsMs - fromMs).toBeLessThanOrEqual(5_000);
    const late = heard.filter(({ atMs, tsMs }) => atMs - tsMs > 1000);
    expect(late.length).toBeGreaterThan(18);
    const bySecond = Map.groupBy(late, ({ atMs }) => atMs);
    for (const messages of bySecond.values()) expect(messages.length).toBeLessThanOrEqual(10);
    expect(heard.map(({ tsMs }) => tsMs)).toEqual(heard.map(({ tsMs }) => tsMs).sort((a, b) => a - b));
    expect(ofBus(rebooted, bus)).toEqual(ofBus(usual, bus));
  });

  it('takes no commands meanwhile, and other buses do not notice', () => {
    const life = new Life(model, city, BUSES).run(600);
    const bus = moving(life);
    befall(life, bus, 'terminal-reboot', { durationS: 30 });
    const send = () =>
      life.fleet.command!(bus, { id: 'h', name: 'hold', args: { durationS: 30 } }, life.nowMs, life.report);
    life.run(10);
    expect(send()).toEqual({ state: 'rejected', reason: 'the terminal on board is starting' });
    const others = life.records.filter(({ tsMs }) => tsMs > life.nowMs - 10_000).map(({ device }) => device);
    expect(new Set(others).size).toBe(BUSES - 1);
    life.run(25);
    expect(send().reason).not.toBe('the terminal on board is starting');
  });
});
