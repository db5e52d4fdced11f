import { describe, expect, it } from 'vitest';
import { drivingFuelL } from '../../simulator/physics/bus-energy.ts';
import { dwellS } from '../../simulator/physics/dwell.ts';
import { model } from '../../simulator/models/bus.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { follows } from './bus-drivers.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS, fakeWorld } from './fake-world.ts';
import type { Reported } from './fake-world.ts';

const BUSES = 10;
const city = fakeCity();
const LAST_STOP = city.lines[0]!.directions[0]!.stops.length - 1;

function hour(seconds = 3600, seed = 1, dtMs = 1000): Life {
  return new Life(model, city, BUSES, seed).run(seconds, fakeWorld(), dtMs);
}

function ofBus(life: Life, bus: number): Reported[] {
  return life.records.filter((record) => record.device === bus);
}

function isDeparture({ fields }: Reported): boolean {
  return fields.headwayS !== undefined;
}

/** Of whatever the bus is driven by. */
function used({ fields }: Reported): number {
  return Number(fields.fuelL ?? fields.gasKg ?? fields.energyKwh);
}

function metresBetween(a: Reported, b: Reported): number {
  const north = (Number(b.fields.lat) - Number(a.fields.lat)) * 110_880;
  const east = (Number(b.fields.lon) - Number(a.fields.lon)) * 94_970;
  return Math.hypot(north, east);
}

describe('diesel', () => {
  it('meets the published consumption at each mean speed', () => {
    const per100Km = [10, 12, 15, 16, 20, 25].map((kmh) => drivingFuelL(100, 100 / kmh, 2000 / 65, false));
    const expected = [42, 37.8, 33.6, 32.55, 29.4, 26.88];
    for (const [i, litres] of per100Km.entries()) expect(litres).toBeCloseTo(expected[i]!, 6);
    expect(per100Km[2]! / per100Km[5]!).toBeCloseTo(1.25, 2);
  });

  it('rises by a quarter of the distance share over four tonnes of load', () => {
    const empty = drivingFuelL(100, 0, 0, false);
    expect(drivingFuelL(100, 0, 4000 / 65, false) - empty).toBeCloseTo(0.25 * 16.8, 6);
  });
});

describe('dwell', () => {
  it('is set by the slower door', () => {
    expect(dwellS(0, 0, false)).toBe(2);
    expect(dwellS(10, 5, false)).toBe(28);
    expect(dwellS(10, 5, true)).toBe(33);
    expect(dwellS(1, 20, false)).toBe(32);
  });
});

describe('buses', () => {
  it('describe themselves without a problem', () => {
    expect(descriptionProblems(model.description)).toEqual([]);
  });

  it('keep count of their passengers at every stop', () => {
    const life = hour();
    let stopsServed = 0;
    for (let bus = 0; bus < BUSES; bus++) {
      let load: number | undefined;
      for (const { fields } of ofBus(life, bus).filter(isDeparture)) {
        const change = Number(fields.boarded) - Number(fields.alighted);
        if (load !== undefined) expect(fields.load).toBe(load + change);
        load = Number(fields.load);
        stopsServed++;
        if (fields.stopSequence === LAST_STOP) expect(load).toBe(0);
      }
    }
    expect(stopsServed).toBeGreaterThan(200);
  });

  it('never carry more than 80, and leave the others behind', () => {
    const life = new Life(model, city, 2).run(5400, fakeWorld({ boardingShare: 0.5 }));
    const loads = life.records.map(({ fields }) => Number(fields.load));
    expect(Math.max(...loads)).toBe(80);
    expect(life.records.some(({ fields }) => Number(fields.denied ?? 0) > 0)).toBe(true);
    expect(life.events.some(({ name, state }) => name === 'crowded' && state === 'raised')).toBe(true);
  });

  it('never go back in distance or energy used, and never jump', () => {
    const life = hour();
    for (let bus = 0; bus < BUSES; bus++) {
      const records = ofBus(life, bus);
      for (const [i, after] of records.slice(1).entries()) {
        const before = records[i]!;
        const dtS = (after.tsMs - before.tsMs) / 1000;
        const drivenM = Number(after.fields.odometerM) - Number(before.fields.odometerM);
        expect(drivenM).toBeGreaterThanOrEqual(0);
        expect(drivenM).toBeLessThanOrEqual((50 / 3.6) * dtS + 1);
        expect(used(after)).toBeGreaterThanOrEqual(used(before));
        expect(metresBetween(before, after)).toBeLessThan((50 / 3.6) * dtS + 15);
      }
    }
  });

  it('brake and speed up gently', () => {
    const records = hour(900, 1, 500).records;
    for (let bus = 0; bus < BUSES; bus++) {
      const own = records.filter(({ device }) => device === bus);
      for (const [i, after] of own.slice(1).entries()) {
        const before = own[i]!;
        const dtS = (after.tsMs - before.tsMs) / 1000;
        const change = Number(after.fields.speedMps) - Number(before.fields.speedMps);
        expect(change).toBeLessThanOrEqual(0.9 * dtS + 1e-9);
        // The last half step into a stop is part of the arrival.
        expect(change).toBeGreaterThanOrEqual(-1.8 * dtS - 1.2 - 1e-9);
      }
    }
  });

  it('report every five seconds and at each arrival and departure', () => {
    const life = hour(600);
    for (let bus = 0; bus < BUSES; bus++) {
      const records = ofBus(life, bus);
      const gapsMs = records.slice(1).map((record, i) => record.tsMs - records[i]!.tsMs);
      expect(Math.max(...gapsMs)).toBeLessThanOrEqual(5500);
      expect(records.length).toBeGreaterThan(115);
    }
    expect(life.records.filter(isDeparture).every(({ fields }) => fields.status === 'stoppedAt')).toBe(true);
  });

  it('leave a stop at least five seconds apart', () => {
    const departures = new Map<string, number[]>();
    for (const { tsMs, fields } of hour(7200).records.filter(isDeparture)) {
      const place = `${String(fields.direction)}/${String(fields.nextStop)}`;
      departures.set(place, [...(departures.get(place) ?? []), tsMs]);
    }
    for (const times of departures.values()) {
      for (const [i, after] of times.slice(1).entries()) expect(after - times[i]!).toBeGreaterThanOrEqual(5000);
    }
  });

  it.each([100, 500, 5000])('live a similar hour in ticks of %i ms', (dtMs) => {
    const kilometres = (life: Life) =>
      Array.from({ length: BUSES }, (_, bus) => {
        const records = ofBus(life, bus);
        return (Number(records.at(-1)!.fields.odometerM) - Number(records[0]!.fields.odometerM)) / 1000;
      }).reduce((sum, km) => sum + km, 0);
    const reference = kilometres(hour());
    expect(kilometres(hour(3600, 1, dtMs)) / reference).toBeGreaterThan(0.93);
    expect(kilometres(hour(3600, 1, dtMs)) / reference).toBeLessThan(1.07);
  });

  it('live the same life from the same seed, and another from another', () => {
    const life = (seed: number) => JSON.stringify(hour(1200, seed).records);
    expect(life(7)).toBe(life(7));
    expect(life(7)).not.toBe(life(8));
  });

  it('drive by their timetable when nobody rides too', () => {
    const life = new Life(model, city, BUSES).run(1200, fakeWorld({ boardingShare: 0 }));
    expect(life.records.some(({ fields }) => fields.status === 'inTransitTo')).toBe(true);
    expect(life.records.every(({ fields }) => Number(fields.load ?? 0) === 0)).toBe(true);
  });

  it('say which trip they drive, how far along, and at a departure how long they stood and after whom', () => {
    const { records } = hour();
    for (const { fields } of records) {
      const isUnderWay = fields.status === 'inTransitTo' || fields.status === 'stoppedAt';
      if (fields.status === 'broken') continue;
      expect(fields.trip !== undefined, String(fields.status)).toBe(isUnderWay);
      expect(fields.alongM !== undefined).toBe(isUnderWay);
      expect(fields.delayS !== undefined).toBe(isUnderWay);
    }
    const departures = records.filter(isDeparture);
    for (const { fields } of departures) {
      expect(fields.headwayRatio).toBe(Number(fields.headwayS) / Number(fields.targetHeadwayS));
      expect(fields.holdS).toBe(0);
      if (fields.stopSequence !== 0) expect(fields.dwellS).toBeGreaterThanOrEqual(2);
    }
    expect(new Set(departures.map(({ fields }) => fields.trip)).size).toBeGreaterThan(BUSES);
  });

  it('break down once in 10,000 km and go on after 45 minutes', () => {
    const life = new Life(model, city, 200).run(4 * 3600, fakeWorld({ boardingShare: 0.02 }));
    const raised = life.events.filter(({ name, state }) => name === 'breakdown' && state === 'raised');
    const cleared = life.events.filter(({ name, state }) => name === 'breakdown' && state === 'cleared');
    expect(raised.length).toBeGreaterThan(0);
    for (const { device, tsMs } of raised) {
      const end = cleared.find((event) => event.device === device && event.tsMs > tsMs);
      if (end !== undefined) expect(end.tsMs - tsMs).toBe(45 * 60_000);
    }
    expect(cleared.length).toBeGreaterThan(0);
  });
});

describe('a hold', () => {
  /** The same fleet twice: once undisturbed, once with a bus in the middle of a way held whose driver follows all that is asked. */
  function held(durationS: number) {
    const free = hour(1500);
    const life = hour(600);
    const bus = life.records.findLast(({ device, fields }) => {
      const stop = Number(fields.stopSequence);
      return fields.status === 'inTransitTo' && stop > 2 && stop < 7 && follows(device, 2);
    })!.device;
    const answer = life.fleet.command!(bus, { id: 'h1', name: 'hold', args: { durationS } }, life.nowMs, life.report);
    const heldAt = ofBus(life, bus).at(-1)!.fields.nextStop;
    const stopOf = (other: Life) =>
      ofBus(other, bus).find(
        (record) => isDeparture(record) && record.fields.nextStop === heldAt && record.tsMs > START_MS + 600_000,
      )!;
    return { life, free, bus, answer, stopOf };
  }

  it('lets the bus wait at its next stop, widens its headway by as much and is done when it leaves', () => {
    const { life, free, bus, answer, stopOf } = held(120);
    expect(answer.state).toBe('accepted');
    life.run(900);
    const growth = Number(stopOf(life).fields.headwayS) - Number(stopOf(free).fields.headwayS);
    // Passengers who come while it waits board without delaying it further.
    expect(growth).toBeGreaterThan(110);
    expect(growth).toBeLessThan(130);
    // To the step.
    expect(stopOf(life).fields.holdS).toBeGreaterThanOrEqual(120);
    expect(stopOf(life).fields.holdS).toBeLessThan(120.5);
    expect(ofBus(life, bus).some(({ fields }) => fields.status === 'holding')).toBe(true);
    expect(life.acks).toEqual([{ device: bus, tsMs: stopOf(life).tsMs, id: 'h1', state: 'done', reason: undefined }]);
  });

  it('ends early by departNow, and both are done', () => {
    const { life, bus } = held(600);
    for (let i = 0; i < 300 && ofBus(life, bus).at(-1)!.fields.status !== 'holding'; i++) life.run(1);
    const endMs = life.nowMs;
    const answer = life.fleet.command!(bus, { id: 'd1', name: 'departNow', args: {} }, endMs, life.report);
    expect(answer.state).toBe('accepted');
    life.run(60);
    expect(life.acks.map(({ id, state }) => `${id} ${state}`)).toEqual(['h1 done', 'd1 done']);
    expect(life.acks[0]!.tsMs - endMs).toBeLessThan(30_000);
  });

  it('is replaced by a newer one', () => {
    const { life, bus } = held(60);
    life.fleet.command!(bus, { id: 'h2', name: 'hold', args: { durationS: 30 } }, life.nowMs, life.report);
    life.run(900);
    expect(life.acks.map(({ id, state }) => `${id} ${state}`)).toEqual(['h1 expired', 'h2 done']);
  });

  it.each([
    [{ durationS: 0 }, 'durationS must be 1…600, got 0'],
    [{ durationS: 601 }, 'durationS must be 1…600, got 601'],
    [{ durationS: '60' }, 'durationS must be 1…600, got "60"'],
    [{ durationS: 1.5 }, 'durationS must be 1…600, got 1.5'],
    [{}, 'durationS must be 1…600, got nothing'],
  ])('is refused with %j', (args, reason) => {
    const life = hour(10);
    const answer = life.fleet.command!(0, { id: 'x', name: 'hold', args }, life.nowMs, life.report);
    expect(answer).toEqual({ state: 'rejected', reason });
  });

  it('is refused at the terminal, and departNow without a hold', () => {
    const life = hour(600);
    const bus = life.records.findLast(({ fields }) => fields.status === 'layover')!.device;
    const send = (name: string, args = {}) =>
      life.fleet.command!(bus, { id: name, name, args }, life.nowMs, life.report);
    expect(send('hold', { durationS: 60 })).toEqual({ state: 'rejected', reason: 'the bus is at its terminal' });
    expect(send('departNow')).toEqual({ state: 'rejected', reason: 'the bus is not held' });
    expect(send('fly').reason).toMatch(
      /^unknown command fly, expected one of hold, departNow, shortTurn, .*requestPriority$/,
    );
  });
});

describe('what befalls a bus', () => {
  const breakdown = (life: Life, bus: number, untilMs: number, args = {}) =>
    life.fleet.befall!(bus, { name: 'breakdown', args, untilMs }, life.nowMs, life.report);
  const breakdowns = (life: Life, bus: number) =>
    life.events
      .filter(({ device, name }) => device === bus && name === 'breakdown')
      .map(({ tsMs, state }) => `${state} ${tsMs - START_MS}`);

  it('stops it within seconds, for as long as the repair takes', () => {
    const life = hour(600);
    const bus = life.records.findLast(({ fields }) => fields.status === 'inTransitTo')!.device;
    breakdown(life, bus, Infinity, { repairS: 300 });
    expect(breakdowns(life, bus)).toEqual(['raised 600000']);
    life.run(400);
    expect(breakdowns(life, bus)).toEqual(['raised 600000', 'cleared 900000']);
    const broken = ofBus(life, bus).filter(({ fields }) => fields.status === 'broken');
    expect(broken.length).toBeGreaterThan(55);
    expect(broken.filter(({ fields }) => Number(fields.speedMps) > 0).length).toBeLessThan(5);
    expect(Number(ofBus(life, bus).at(-1)!.fields.odometerM)).toBeGreaterThan(Number(broken.at(-1)!.fields.odometerM));
  });

  it('ends with the happening when that has an end, and takes 45 minutes otherwise', () => {
    const life = hour(600);
    breakdown(life, 0, life.nowMs + 120_000, { repairS: 3000 });
    breakdown(life, 1, Infinity);
    life.run(3000);
    expect(breakdowns(life, 0)).toEqual(['raised 600000', 'cleared 720000']);
    expect(breakdowns(life, 1)).toEqual(['raised 600000', 'cleared 3300000']);
  });

  it('keeps a bus at its stop or terminal, and the others go on', () => {
    const life = hour(600);
    const standing = Array.from({ length: BUSES }, (_, bus) => bus).filter((bus) => {
      const { status, doorOpen } = ofBus(life, bus).at(-1)!.fields;
      return status === 'layover' || doorOpen === true;
    });
    expect(standing.length).toBeGreaterThan(0);
    const placeOf = (bus: number) => ofBus(life, bus).at(-1)!.fields.odometerM;
    const before = standing.map(placeOf);
    for (const bus of standing) breakdown(life, bus, Infinity);
    const events = life.events.length;
    for (const bus of standing) breakdown(life, bus, Infinity);
    expect(life.events.length).toBe(events);
    life.run(1200);
    expect(standing.map(placeOf)).toEqual(before);
    const going = Array.from({ length: BUSES }, (_, bus) => bus).filter((bus) => !standing.includes(bus));
    expect(going.some((bus) => ofBus(life, bus).at(-1)!.fields.status === 'inTransitTo')).toBe(true);
  });
});

describe('buses and their surroundings', () => {
  const boardings = (life: Life, stop?: string) =>
    life.records
      .filter(({ fields }) => stop === undefined || fields.nextStop === stop)
      .reduce((sum, { fields }) => sum + Number(fields.boarded ?? 0), 0);

  it('carry away a crowd that waits at the stops around it', () => {
    const crowd = { center: city.stops[6]!, radiusM: 700, people: 1500 };
    const quiet = { boardingShare: 0.01 };
    const usual = new Life(model, city, 30).run(1800, fakeWorld(quiet));
    const crowded = new Life(model, city, 30).run(1800, fakeWorld({ ...quiet, crowds: [crowd] }));
    // A fiftieth of them each minute, for half an hour; the last ones still wait.
    const extra = boardings(crowded) - boardings(usual);
    expect(extra).toBeGreaterThan(0.7 * 900);
    expect(extra).toBeLessThan(1.1 * 900);
    const stops = city.stops.map(({ id }) => id);
    expect(stops.filter((stop) => boardings(crowded, stop) > boardings(usual, stop) + 50)).toEqual([
      'stop-5',
      'stop-6',
      'stop-7',
    ]);
  });

  it('do not notice a crowd far from all stops', () => {
    const far = { center: { x: 3000, y: 50_000 }, radiusM: 500, people: 50_000 };
    const life = (crowds: (typeof far)[]) =>
      JSON.stringify(new Life(model, city, 5).run(600, fakeWorld({ crowds })).records);
    expect(life([far])).toBe(life([]));
  });

  it('stand longer at stops in the rain', () => {
    const dwellMs = (rainMmPerH: number) => {
      const life = new Life(model, city, 4).run(3600, fakeWorld({ sky: { rainMmPerH } }));
      return life.records.filter(({ fields }) => fields.doorOpen === true && fields.status === 'stoppedAt').length;
    };
    expect(dwellMs(3) / dwellMs(0)).toBeGreaterThan(1.04);
    expect(dwellMs(3) / dwellMs(0)).toBeLessThan(1.16);
    expect(dwellMs(2)).toBe(dwellMs(0));
  });

  it('are waved through a closed street, and the line gets late', () => {
    const closedLinks = city.lines[0]!.directions[0]!.links.slice(4, 7);
    const closed = new Set(closedLinks);
    const world = fakeWorld({ closedLinks, streetsVersion: 1 });
    const slow = {
      ...world,
      streets: { ...world.streets, speedFactor: (link: number) => (closed.has(link) ? 0.1 : 0.8) },
    };
    const lateS = (life: Life) => {
      const late = life.records.filter(
        ({ tsMs, fields }) =>
          tsMs > START_MS + 3_600_000 && fields.direction === 'out' && Number(fields.stopSequence) >= 8,
      );
      return late.reduce((sum, { fields }) => sum + Number(fields.delayS), 0) / late.length;
    };
    const open = new Life(model, city, BUSES).run(7200);
    const shut = new Life(model, city, BUSES).run(7200, slow);
    // 1,800 m at 5.7 m/s less than planned: about 20 minutes.
    expect(lateS(shut) - lateS(open)).toBeGreaterThan(600);
  });

  it('are where they say, within what a receiver errs', () => {
    const life = hour(300);
    let squaresM2 = 0;
    for (const { fields, hidden } of life.records) {
      const north = (Number(fields.lat) - Number(hidden!.trueLat)) * 110_880;
      const east = (Number(fields.lon) - Number(hidden!.trueLon)) * 94_970;
      squaresM2 += north * north + east * east;
    }
    const rmsM = Math.sqrt(squaresM2 / life.records.length / 2);
    console.log(`position error per axis ${rmsM.toFixed(2)} m (2.5 m in open sky)`);
    expect(rmsM).toBeGreaterThan(1.7);
    expect(rmsM).toBeLessThan(3.3);
    const newest = ofBus(life, 3).at(-1)!;
    const place = city.toLonLat(life.fleet.placeOf(3));
    expect(Math.abs(place.lat - Number(newest.hidden!.trueLat)) * 110_880).toBeLessThan(80);
  });
});

describe('what a fleet burns', () => {
  it('is, for its diesel buses, what their mean speed in service says, within 10 %', () => {
    const records = hour(7200).records.filter(({ fields }) => fields.propulsion === 'diesel');
    let km = 0;
    let serviceH = 0;
    let litres = 0;
    for (let bus = 0; bus < BUSES; bus++) {
      const own = records.filter(({ device }) => device === bus);
      for (const [i, after] of own.slice(1).entries()) {
        const before = own[i]!;
        if (before.fields.trip === undefined || after.fields.trip === undefined) continue;
        km += (Number(after.fields.odometerM) - Number(before.fields.odometerM)) / 1000;
        serviceH += (after.tsMs - before.tsMs) / 3_600_000;
        litres += Number(after.fields.fuelL) - Number(before.fields.fuelL);
      }
    }
    const published = 16.8 + (252 * serviceH) / km;
    console.log(
      `${((100 * litres) / km).toFixed(1)} L/100 km at ${(km / serviceH).toFixed(1)} km/h, published ${published.toFixed(1)}`,
    );
    expect((100 * litres) / km / published).toBeGreaterThan(0.9);
    expect((100 * litres) / km / published).toBeLessThan(1.1);
  });
});
