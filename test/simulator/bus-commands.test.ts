// What becomes of the commands of a bus, from the display to the wheel. Holds are in bus.test.ts.
import { describe, expect, it } from 'vitest';
import type { Buses } from '../../simulator/bus/buses.ts';
import { model } from '../../simulator/models/bus.ts';
import type { City } from '../../simulator/city.ts';
import type { World } from '../../simulator/world.ts';
import { follows } from './bus-drivers.ts';
import { fakeCity } from './fake-city.ts';
import { Life, fakeWorld } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const BUSES = 10;
const city = fakeCity();
const NOBODY = fakeWorld({ boardingShare: 0 });

/** A second line, two blocks away from the first one and as long. */
function twoLines(): City {
  const far = 2 * 13;
  const moved = (link: number) => {
    const { from, to } = city.links[link]!;
    return city.links.findIndex((other) => other.from === from + far && other.to === to + far);
  };
  const line = city.lines[0]!;
  const stops = city.stops.map((stop) => ({ ...stop, id: `far-${stop.id}`, y: stop.y + 1200 }));
  const directions = line.directions.map((direction) => ({
    ...direction,
    links: direction.links.map(moved),
    stops: direction.stops.map(({ stop, atM }) => ({ stop: stop + city.stops.length, atM })),
  }));
  return { ...city, stops: [...city.stops, ...stops], lines: [line, { ...line, id: '2', directions }] };
}

function newest(life: Life, bus: number): Reported {
  return life.records.findLast(({ device }) => device === bus)!;
}

/** Of a bus, from now on. */
function from(life: Life, bus: number, fromMs: number): Reported[] {
  return life.records.filter(({ device, tsMs }) => device === bus && tsMs > fromMs);
}

function send(life: Life, bus: number, name: string, args = {}, id = name) {
  return life.fleet.command!(bus, { id, name, args }, life.nowMs, life.report);
}

function acks(life: Life): string[] {
  return life.acks.map(({ id, state, reason }) => `${id} ${state}${reason === undefined ? '' : `: ${reason}`}`);
}

/** A bus on its way out whose driver follows, with a few stops behind it and many ahead; its next stop. */
function underWay(life: Life, obeys = true): { bus: number; stop: number } {
  for (let seconds = 0; seconds < 3600; seconds++) {
    life.run(1);
    for (let bus = 0; bus < BUSES; bus++) {
      const { fields } = newest(life, bus);
      const stop = Number(fields.stopSequence);
      if (fields.status !== 'inTransitTo' || fields.direction !== 'out' || stop < 3 || stop > 5) continue;
      if (follows(bus, 3) === obeys && follows(bus) === obeys) return { bus, stop };
    }
  }
  throw new Error('no such bus');
}

/** A bus in layover whose driver follows. */
function resting(life: Life, world: World = fakeWorld()): number {
  for (let seconds = 0; seconds < 3600; seconds++) {
    life.run(1, world);
    for (let bus = 0; bus < BUSES; bus++) {
      const { fields } = newest(life, bus);
      if (fields.status === 'layover' && fields.engineOn === true && follows(bus, 2)) return bus;
    }
  }
  throw new Error('no such bus');
}

describe('a driver', () => {
  it('follows four of five', () => {
    const buses = Array.from({ length: 2000 }, (_, bus) => bus);
    const share = buses.filter((bus) => follows(bus)).length / buses.length;
    expect(share).toBeGreaterThan(0.77);
    expect(share).toBeLessThan(0.83);
  });

  it('who does not follow lets the command expire, and the bus drives on', () => {
    const life = new Life(model, city, BUSES).run(300);
    const { bus, stop } = underWay(life, false);
    expect(send(life, bus, 'hold', { durationS: 300 }).state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(400);
    expect(acks(life)).toEqual(['hold expired: the driver did not follow']);
    expect(from(life, bus, sentMs).every(({ fields }) => fields.status !== 'holding')).toBe(true);
    expect(Number(newest(life, bus).fields.stopSequence)).toBeGreaterThan(stop);
  });
});

describe('shortTurn', () => {
  function turned() {
    const life = new Life(model, city, BUSES).run(900);
    const { bus, stop } = underWay(life);
    const answer = send(life, bus, 'shortTurn', { atStop: `stop-${stop + 2}` });
    const sentMs = life.nowMs;
    const before = life.fleet as Buses;
    return { life, bus, stop: stop + 2, answer, sentMs, census: () => before.census() };
  }

  it('lets everybody out, turns the bus and sends it back as a run without a trip', () => {
    const { life, bus, stop, answer, sentMs } = turned();
    expect(answer.state).toBe('accepted');
    life.run(1200);
    expect(acks(life)).toEqual(['shortTurn done']);
    const records = from(life, bus, sentMs);
    const leaves = records.find(({ fields }) => fields.stopSequence === stop && fields.boarded !== undefined)!;
    expect(leaves.fields).toMatchObject({ boarded: 0, load: 0, direction: 'out' });
    expect(Number(leaves.fields.alighted)).toBeGreaterThan(0);
    const after = records.slice(records.indexOf(leaves) + 1);
    const empty = after.filter(({ fields }) => fields.status === 'deadhead');
    expect(empty.length).toBeGreaterThan(5);
    expect(empty.every(({ fields }) => fields.load === 0 && fields.trip === undefined)).toBe(true);
    const back = after.find(({ fields }) => fields.status === 'stoppedAt')!;
    // Across the street: stop n of the way out is stop 12 − n of the way back.
    expect(back.fields).toMatchObject({ direction: 'back', nextStop: `stop-${stop}`, stopSequence: 12 - stop });
    expect(back.fields.trip).toBeUndefined();
    expect(after.some(({ fields }) => fields.direction === 'back' && Number(fields.boarded) > 0)).toBe(true);
  });

  it('is over at the terminal, where the bus gets a trip again', () => {
    const { life, bus, sentMs } = turned();
    life.run(4000);
    const records = from(life, bus, sentMs);
    const extra = records.findIndex(({ fields }) => fields.status === 'stoppedAt' && fields.trip === undefined);
    const arrival = records.findIndex(({ fields }, i) => i > extra && fields.status === 'layover');
    expect(arrival).toBeGreaterThan(extra);
    expect(records.slice(arrival).find(({ fields }) => fields.trip !== undefined)!.fields).toMatchObject({
      direction: 'out',
      stopSequence: 0,
    });
  });

  it('makes those who are not there yet wait, and the next bus takes them', () => {
    const { life, bus, stop, sentMs, census } = turned();
    const isThere = () =>
      from(life, bus, sentMs).some(({ fields }) => fields.stopSequence === stop && fields.status === 'stoppedAt');
    let before = census();
    while (!isThere()) {
      before = census();
      life.run(1);
    }
    const load = Number(from(life, bus, sentMs).find(({ fields }) => fields.stopSequence === stop - 1)!.fields.load);
    expect(load).toBeGreaterThan(0);
    expect(census().waiting).toBeGreaterThan(before.waiting);
    expect(census().rode).toBeLessThan(before.rode);
    const arrivedMs = life.nowMs;
    life.run(900);
    const next = life.records.find(
      ({ device, tsMs, fields }) =>
        device !== bus &&
        tsMs > arrivedMs &&
        fields.nextStop === `stop-${stop}` &&
        fields.direction === 'out' &&
        Number(fields.boarded) > 0,
    );
    expect(next).toBeDefined();
  });

  it('is refused behind the bus, at the terminal, for a stop that is none, and where there is no way back', () => {
    const life = new Life(model, city, BUSES).run(600);
    const { bus, stop } = underWay(life);
    expect(send(life, bus, 'shortTurn', { atStop: `stop-${stop - 1}` }).reason).toMatch(/^unknown atStop "stop-\d"/);
    expect(send(life, bus, 'shortTurn', { atStop: 'stop-12' }).reason).toBe(
      'atStop must be before the terminal, got "stop-12"',
    );
    expect(send(life, bus, 'shortTurn', { atStop: 'stopp-9' }).reason).toBe(
      'unknown atStop "stopp-9", did you mean stop-9?',
    );
    expect(send(life, resting(life), 'shortTurn', { atStop: 'stop-5' }).reason).toBe('the bus is at its terminal');
    const line = city.lines[0]!;
    const days = ['workday', 'weekend', 'holiday'] as const;
    const planS = Array.from({ length: 13 }, (_, i) => 110 * i);
    const trips = [0, 1, 2].map((i) => ({ id: `t${i}`, way: 0, startS: 8 * 3600 + 300 * i, planS, days }));
    const oneWay: City = { ...city, lines: [{ ...line, directions: line.directions.slice(0, 1), trips }] };
    const lonely = new Life(model, oneWay, BUSES).run(60);
    const there = underWay(lonely);
    expect(send(lonely, there.bus, 'shortTurn', { atStop: `stop-${there.stop + 1}` }).reason).toBe(
      `the opposite way has no stop within 300 m of "stop-${there.stop + 1}"`,
    );
  });
});

describe('skip', () => {
  it('passes stops without stopping, tells who was left there, and is done after the last one', () => {
    const life = new Life(model, city, BUSES).run(300, NOBODY);
    let { bus, stop } = { bus: -1, stop: -1 };
    while (bus < 0) {
      life.run(1, NOBODY);
      const found = life.records.findLast(
        ({ device, fields }) =>
          fields.status === 'inTransitTo' &&
          fields.direction === 'out' &&
          follows(device) &&
          Number(fields.stopSequence) > 2 &&
          Number(fields.stopSequence) < 6,
      );
      if (found !== undefined && newest(life, found.device) === found)
        ({ bus, stop } = { bus: found.device, stop: Number(found.fields.stopSequence) });
    }
    const stops = `stop-${stop + 1}, stop-${stop + 2}`;
    expect(send(life, bus, 'skip', { stops }).state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(600, NOBODY);
    expect(acks(life)).toEqual(['skip done']);
    const at = (offset: number) =>
      from(life, bus, sentMs).filter(({ fields }) => fields.stopSequence === stop + offset);
    for (const passed of [1, 2]) {
      expect(at(passed).every(({ fields }) => fields.status === 'inTransitTo')).toBe(true);
      expect(at(passed).find(({ fields }) => fields.denied !== undefined)!.fields).toMatchObject({ boarded: 0 });
    }
    expect(at(3).some(({ fields }) => fields.status === 'stoppedAt')).toBe(true);
  });

  it('stops all the same where somebody wants to get out', () => {
    const busy = fakeWorld({ boardingShare: 0.15 });
    const life = new Life(model, city, BUSES).run(1200, busy);
    const { bus, stop } = underWay(life);
    send(life, bus, 'skip', { stops: `stop-${stop + 1}` });
    const sentMs = life.nowMs;
    life.run(600, busy);
    expect(acks(life)).toEqual(['skip expired: somebody got out at each of these stops']);
    const there = from(life, bus, sentMs).find(
      ({ fields }) => fields.stopSequence === stop + 1 && fields.boarded !== undefined,
    )!;
    expect(Number(there.fields.alighted)).toBeGreaterThan(0);
  });

  it.each([
    ['', 'stops must be ids of stops with commas, got ""'],
    ['stop-12', 'stops must be before the terminal, got "stop-12"'],
    ['stop-9,stop-x9', 'unknown stops "stop-x9", did you mean stop-9?'],
  ])('is refused for %j', (stops, reason) => {
    const life = new Life(model, city, BUSES).run(600);
    expect(send(life, underWay(life).bus, 'skip', { stops })).toEqual({ state: 'rejected', reason });
  });
});

describe('deadhead', () => {
  it('runs empty to the stop where the trip begins for passengers', () => {
    const life = new Life(model, city, BUSES).run(600);
    const bus = resting(life);
    expect(send(life, bus, 'deadhead', { toStop: 'stop-6' }).state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(2400);
    expect(acks(life)).toEqual(['deadhead done']);
    const records = from(life, bus, sentMs);
    const empty = records.filter(({ fields }) => fields.status === 'deadhead');
    expect(empty.length).toBeGreaterThan(30);
    expect(empty.every(({ fields }) => fields.load === 0 && fields.nextStop === 'stop-6')).toBe(true);
    expect(empty.every(({ fields }) => fields.boarded === undefined && fields.trip === undefined)).toBe(true);
    const first = records.find(({ fields }) => fields.trip !== undefined)!;
    expect(first.fields).toMatchObject({ nextStop: 'stop-6', status: 'stoppedAt', stopSequence: 6 });
    expect(records.indexOf(first)).toBeGreaterThan(records.indexOf(empty.at(-1)!));
  });

  it('is refused under way and for a stop that no trip from there passes', () => {
    const life = new Life(model, city, BUSES).run(600);
    expect(send(life, underWay(life).bus, 'deadhead', { toStop: 'stop-6' }).reason).toBe(
      'the bus is not at a terminal',
    );
    expect(send(life, resting(life), 'deadhead', { toStop: 'stop-66' }).reason).toBe(
      'unknown toStop "stop-66", did you mean stop-6?',
    );
  });
});

describe('speedAdvice', () => {
  it('keeps the bus slow until its terminal, and only until there', () => {
    const life = new Life(model, city, BUSES).run(600, NOBODY);
    const { bus } = underWay(life);
    expect(send(life, bus, 'speedAdvice', { speedKmh: 18 }).state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(3600, NOBODY);
    const [{ tsMs: doneMs, state }] = life.acks as [(typeof life.acks)[0]];
    expect(state).toBe('done');
    const fastest = (records: readonly Reported[]) => Math.max(...records.map(({ fields }) => Number(fields.speedMps)));
    // Thirty seconds to read it and to slow down.
    const slow = from(life, bus, sentMs + 30_000).filter(({ tsMs }) => tsMs < doneMs);
    expect(slow.length).toBeGreaterThan(60);
    expect(fastest(slow)).toBeLessThanOrEqual(5 + 1e-9);
    expect(fastest(from(life, bus, doneMs))).toBeGreaterThan(8);
  });

  it.each([0, -5, 51, '30', Number.NaN])('is refused with %j km/h', (speedKmh) => {
    const life = new Life(model, city, BUSES).run(600);
    expect(send(life, underWay(life).bus, 'speedAdvice', { speedKmh }).reason).toMatch(
      /^speedKmh must be above 0, up to 50, got /,
    );
  });
});

describe('engineOffAdvice', () => {
  it('switches the engine off at the terminal until the bus leaves', () => {
    const life = new Life(model, city, BUSES).run(600);
    const bus = resting(life);
    expect(send(life, bus, 'engineOffAdvice').state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(900);
    expect(acks(life)).toEqual(['engineOffAdvice done']);
    const off = from(life, bus, life.acks[0]!.tsMs).filter(({ fields }) => fields.status === 'layover');
    expect(off.length).toBeGreaterThan(3);
    expect(off.every(({ fields }) => fields.engineOn === false)).toBe(true);
    expect(new Set(off.map(({ fields }) => fields.idleS)).size).toBe(1);
    expect(from(life, bus, sentMs).find(({ fields }) => fields.status === 'inTransitTo')!.fields.engineOn).toBe(true);
  });

  it('switches it off while the bus is held, and is refused under way', () => {
    const life = new Life(model, city, BUSES).run(600);
    const { bus } = underWay(life);
    expect(send(life, bus, 'engineOffAdvice').reason).toBe(
      'the bus is neither at its terminal with the engine on nor held',
    );
    send(life, bus, 'hold', { durationS: 300 });
    while (newest(life, bus).fields.status !== 'holding') life.run(1);
    expect(send(life, bus, 'engineOffAdvice').state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(400);
    expect(acks(life)).toEqual(['engineOffAdvice done', 'hold done']);
    const held = from(life, bus, sentMs + 60_000).filter(({ fields }) => fields.status === 'holding');
    expect(held.length).toBeGreaterThan(20);
    expect(held.every(({ fields }) => fields.engineOn === false)).toBe(true);
    expect(newest(life, bus).fields.engineOn).toBe(true);
  });
});

describe('reassign', () => {
  const pair = twoLines();

  it('drives the bus empty to the other line, where it gets the next trip', () => {
    const life = new Life(model, pair, BUSES).run(600);
    const bus = resting(life);
    const own = newest(life, bus).fields.line;
    const other = own === '1' ? '2' : '1';
    const odometerM = Number(newest(life, bus).fields.odometerM);
    expect(send(life, bus, 'reassign', { line: other }).state).toBe('accepted');
    const sentMs = life.nowMs;
    life.run(3600);
    expect(acks(life)).toEqual(['reassign done']);
    const records = from(life, bus, sentMs);
    const empty = records.filter(({ fields }) => fields.status === 'deadhead');
    expect(empty.length).toBeGreaterThan(20);
    expect(empty.every(({ fields }) => fields.line === other && fields.load === 0)).toBe(true);
    const first = records.find(({ fields }) => fields.trip !== undefined)!;
    expect(first.fields.line).toBe(other);
    // Two blocks of 600 m apart at the least.
    expect(Number(first.fields.odometerM) - odometerM).toBeGreaterThanOrEqual(1200);
    for (const [i, after] of records.slice(1).entries()) {
      const [a, b] = [records[i]!.hidden!, after.hidden!].map(({ trueLat, trueLon }) =>
        pair.fromLonLat({ lat: Number(trueLat), lon: Number(trueLon) }),
      ) as [{ x: number; y: number }, { x: number; y: number }];
      expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeLessThan(100);
    }
  });

  it('is refused under way, to its own line and to none', () => {
    const life = new Life(model, pair, BUSES).run(600);
    const bus = resting(life);
    const own = String(newest(life, bus).fields.line);
    expect(send(life, bus, 'reassign', { line: own }).reason).toBe(`line must be another one, got its own "${own}"`);
    expect(send(life, bus, 'reassign', { line: '3' }).reason).toMatch(/^unknown line "3"/);
    expect(send(life, underWay(life).bus, 'reassign', { line: '2' }).reason).toBe('the bus is not at a terminal');
  });
});

describe('a newer order', () => {
  it('takes the place of the older one of its name', () => {
    const life = new Life(model, city, BUSES).run(600);
    const { bus } = underWay(life);
    send(life, bus, 'speedAdvice', { speedKmh: 20 }, 'a');
    send(life, bus, 'speedAdvice', { speedKmh: 30 }, 'b');
    life.run(3600);
    expect(acks(life)).toEqual(['a expired: replaced by a newer speedAdvice', 'b done']);
  });
});
