// A whole day in which everything happens that can: commands to all buses, faults, breakdowns. What must be true all the same, and twice.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Buses } from '../../simulator/bus/buses.ts';
import { model } from '../../simulator/models/bus.ts';
import { Random } from '../../simulator/random.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';

const BUSES = 12;
const HOUR_S = 3600;
const city = fakeCity();
const DAY = fakeWorld();
const NIGHT = fakeWorld({ boardingShare: 0.001 });

type Args = { readonly [name: string]: unknown };

/** Commands and happenings as a madman at the desk would send them. */
function trouble(life: Life, random: Random, minute: number): void {
  const draw = (purpose: number, choices: number) => Math.floor(choices * random.uniform(minute, purpose, 0));
  const stop = () => `stop-${draw(3, 13)}`;
  const commands: (readonly [name: string, args: Args])[] = [
    ['hold', { durationS: 1 + draw(4, 300) }],
    ['departNow', {}],
    ['shortTurn', { atStop: stop() }],
    ['skip', { stops: `${stop()},stop-${draw(5, 13)}` }],
    ['deadhead', { toStop: stop() }],
    ['speedAdvice', { speedKmh: 10 + draw(4, 40) }],
    ['engineOffAdvice', {}],
    ['requestPriority', {}],
  ];
  for (let bus = 0; bus < BUSES; bus++) {
    if (random.uniform(bus, 1, minute) > 0.4) continue;
    const [name, args] = commands[Math.floor(commands.length * random.uniform(bus, 2, minute))]!;
    const id = `${minute}-${bus}`;
    const { state, reason } = life.fleet.command!(bus, { id, name, args }, life.nowMs, life.report);
    if (state === 'rejected') expect(reason).toMatch(/./);
    else if (state === 'accepted') accepted.add(id);
  }
  if (minute % 7 !== 0) return;
  const happenings = ['gnss-freeze', 'counter-bias', 'door-stuck', 'terminal-reboot', 'breakdown'];
  const name = happenings[draw(6, happenings.length)]!;
  const args = name === 'breakdown' ? { repairS: 600 } : {};
  const untilMs = name === 'counter-bias' ? life.nowMs + 1_800_000 : Infinity;
  life.fleet.befall!(draw(7, BUSES), { name, args, untilMs }, life.nowMs, life.report);
}

let accepted = new Set<string>();

/** hours of trouble, then two of peace at night. each: told every ten minutes */
function troubled(hours: number, each: (life: Life) => void = () => {}, dtMs = 1000): Life {
  accepted = new Set();
  const life = new Life(model, city, BUSES);
  const random = new Random(99);
  for (let minute = 0; minute < 60 * hours; minute++) {
    life.run(60, minute < 60 * 14 ? DAY : NIGHT, dtMs);
    trouble(life, random, minute);
    if (minute % 10 === 0) each(life);
  }
  return life.run(2 * HOUR_S, NIGHT, dtMs);
}

describe('a day of trouble', () => {
  const censuses: { readonly left: number; readonly onBoard: number; readonly loads: number }[] = [];
  const life = troubled(17, ({ fleet }) => {
    const { arrived, waiting, rode, gaveUp, onBoard } = (fleet as Buses).census();
    censuses.push({ left: arrived - waiting - rode - gaveUp, onBoard, loads: rode });
  });
  const ofBus = (bus: number) => life.records.filter(({ device }) => device === bus);

  it('loses no passenger and makes none', () => {
    expect(censuses.every(({ left }) => left === 0)).toBe(true);
    // Who got in got out, is on board, or waits for the next bus.
    const { rode, onBoard } = (life.fleet as Buses).census();
    expect(rode).toBeGreaterThan(2000);
    expect(onBoard).toBe(0);
    const loads = life.records.flatMap(({ hidden, fields }) =>
      fields.load === undefined ? [] : [Number(hidden!.trueLoad)],
    );
    expect(Math.min(...loads)).toBe(0);
    expect(Math.max(...loads)).toBeLessThanOrEqual(80);
  });

  it('lets no odometer and no clock go back, and no bus jump', () => {
    for (let bus = 0; bus < BUSES; bus++) {
      const records = ofBus(bus);
      for (const [i, after] of records.slice(1).entries()) {
        const before = records[i]!;
        const drivenM = Number(after.fields.odometerM) - Number(before.fields.odometerM);
        if (drivenM < 0 || after.tsMs < before.tsMs || drivenM > (14 * (after.tsMs - before.tsMs)) / 1000 + 1)
          expect([before, after]).toBe('two records in order');
      }
    }
  });

  it('lets no two buses drive one trip, and no bus two trips at a time', () => {
    const driver = new Map<string, number>();
    for (let bus = 0; bus < BUSES; bus++) {
      const over = new Set<unknown>();
      let under: unknown;
      for (const { tsMs, fields } of ofBus(bus)) {
        const { trip } = fields;
        if (trip === under) continue;
        over.add(under);
        under = trip;
        if (trip === undefined) continue;
        expect(over.has(trip), `${String(trip)} again on bus ${bus}`).toBe(false);
        // The day begins at 08:00; trips of the next one begin at 06:00.
        const key = `${String(trip)} ${tsMs > START_MS + 20 * HOUR_S * 1000}`;
        expect(driver.get(key) ?? bus, `two buses on ${key}`).toBe(bus);
        driver.set(key, bus);
      }
    }
    expect(driver.size).toBeGreaterThan(150);
  });

  it('answers every command that was accepted, once', () => {
    const answers = Map.groupBy(life.acks, ({ id }) => id);
    expect(accepted.size).toBeGreaterThan(500);
    expect([...accepted].filter((id) => answers.get(id)?.length !== 1)).toEqual([]);
    const done = new Set(life.acks.filter(({ state }) => state === 'done').map(({ id }) => id));
    expect(done.size).toBeGreaterThan(200);
  });

  it('has the energy of every battery in balance', () => {
    let batteries = 0;
    for (let bus = 0; bus < BUSES; bus++) {
      const records = ofBus(bus).filter(({ fields }) => fields.socPct !== undefined);
      if (records.length === 0) continue;
      batteries++;
      const net = ({ fields }: (typeof records)[0]) => Number(fields.chargedKwh) - Number(fields.energyKwh);
      const soc = ({ fields }: (typeof records)[0]) => Number(fields.socPct) / 100;
      const lowest = records.reduce((least, record) => (soc(record) < soc(least) ? record : least));
      const first = records[0]!;
      const capacityKwh = (net(lowest) - net(first)) / (soc(lowest) - soc(first));
      for (const record of records)
        expect(Math.abs((soc(record) - soc(first)) * capacityKwh - (net(record) - net(first)))).toBeLessThan(1e-6);
    }
    expect(batteries).toBe(BUSES / 2);
  });

  it('is the same day twice', () => {
    const hash = () => {
      const { records, events, acks } = troubled(2);
      return createHash('sha256')
        .update(JSON.stringify([records, events, acks]))
        .digest('hex');
    };
    expect(hash()).toBe(hash());
  });
});
