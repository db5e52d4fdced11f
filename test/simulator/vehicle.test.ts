import { describe, expect, it } from 'vitest';
import { URBAN_CAR, equilibriumGapM, idmAcceleration } from '../../simulator/physics/idm.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { Random } from '../../simulator/random.ts';
import { model } from '../../simulator/models/vehicle.ts';
import { Destinations } from '../../simulator/traffic/destinations.ts';
import { NOBODY } from '../../simulator/traffic/lanes.ts';
import { RouteSearch } from '../../simulator/traffic/routes.ts';
import { Signals } from '../../simulator/traffic/signals.ts';
import { Trips } from '../../simulator/traffic/trips.ts';
import { Traffic } from '../../simulator/traffic/traffic.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { fakeCity } from './fake-city.ts';
import { Life, fakeWorld } from './fake-world.ts';

const city = fakeCity();
const TOP_LIMIT_MPS = 50 / 3.6;

/** Flow, density and speed at the peak of the equilibrium flow curve of one lane. */
function capacity(desiredMps: number) {
  let best = { perHour: 0, perKm: 0, kmh: 0 };
  for (let speedMps = 0.01; speedMps < desiredMps; speedMps += 0.001) {
    const perM = 1 / (equilibriumGapM(URBAN_CAR, speedMps, desiredMps) + URBAN_CAR.lengthM);
    const perHour = 3600 * speedMps * perM;
    if (perHour > best.perHour) best = { perHour, perKm: 1000 * perM, kmh: 3.6 * speedMps };
  }
  return best;
}

describe('car following', () => {
  it.each([
    [50, 1811, 53.9, 33.6],
    [60, 1935, 49.2, 39.3],
  ])('carries the published flow at %i km/h within 1 %%', (kmh, perHour, perKm, atKmh) => {
    const peak = capacity(kmh / 3.6);
    expect(Math.abs(peak.perHour / perHour - 1)).toBeLessThan(0.01);
    expect(Math.abs(peak.perKm / perKm - 1)).toBeLessThan(0.01);
    expect(Math.abs(peak.kmh / atKmh - 1)).toBeLessThan(0.01);
  });

  it('neither speeds up nor brakes at the equilibrium gap', () => {
    for (let speedMps = 0; speedMps < 13; speedMps += 1) {
      const gapM = equilibriumGapM(URBAN_CAR, speedMps, 50 / 3.6);
      expect(idmAcceleration(URBAN_CAR, speedMps, 50 / 3.6, gapM, 0)).toBeCloseTo(0, 9);
    }
  });

  it('brakes at most with what tyres give, and comfortably above the desired speed', () => {
    expect(idmAcceleration(URBAN_CAR, 20, 15, 0.1, 20)).toBe(-9);
    expect(idmAcceleration(URBAN_CAR, 30, 5, Infinity, 0)).toBe(-2);
  });

  it('discharges a queue at the published saturation flow', () => {
    const headwaysS = dischargeHeadwaysS(20, 50 / 3.6);
    const saturation = headwaysS.slice(7).reduce((sum, s) => sum + s, 0) / headwaysS.slice(7).length;
    console.log(`saturation flow ${(3600 / saturation).toFixed(0)} veh/h/lane (published 1817 ± 40)`);
    expect(Math.abs(3600 / saturation - 1817)).toBeLessThan(40);
  });
});

/** Times between the cars of a standing queue crossing the line from which it starts. */
function dischargeHeadwaysS(cars: number, desiredMps: number): number[] {
  const dtS = 0.1;
  const atM = Array.from({ length: cars }, (_, i) => -i * (URBAN_CAR.lengthM + URBAN_CAR.jamGapM));
  const speedMps = atM.map(() => 0);
  const crossedS: number[] = [0];
  for (let timeS = 0; crossedS.length < cars; timeS += dtS) {
    const accel = atM.map((own, i) => {
      const gapM = i === 0 ? Infinity : atM[i - 1]! - URBAN_CAR.lengthM - own;
      return idmAcceleration(URBAN_CAR, speedMps[i]!, desiredMps, gapM, i === 0 ? 0 : speedMps[i]! - speedMps[i - 1]!);
    });
    for (let i = 0; i < cars; i++) {
      const before = speedMps[i]!;
      speedMps[i] = Math.max(0, before + accel[i]! * dtS);
      atM[i] = atM[i]! + ((before + speedMps[i]!) / 2) * dtS;
      if (i === crossedS.length && atM[i]! >= 0) crossedS.push(timeS + dtS);
    }
  }
  return crossedS.slice(1).map((time, i) => time - crossedS[i]!);
}

describe('routes', () => {
  const routes = new RouteSearch(city);
  const seconds = (links: Iterable<number>) =>
    [...links].reduce((sum, link) => sum + city.links[link]!.lengthM / city.links[link]!.speedLimitMps, 0);

  it('are chains of links from the end of the first street to the goal, without a U-turn', () => {
    const random = new Random(3);
    for (let i = 0; i < 200; i++) {
      const from = random.bits(i, 1, 0) % city.links.length;
      const goal = random.bits(i, 2, 0) % city.nodes.length;
      const route = routes.find(from, goal);
      if (route === undefined || route.length === 0) {
        expect(city.links[from]!.to).toBe(goal);
        continue;
      }
      let node = city.links[from]!.to;
      expect(city.links[route[0]!]!.to).not.toBe(city.links[from]!.from);
      for (const link of route) {
        expect(city.links[link]!.from).toBe(node);
        node = city.links[link]!.to;
      }
      expect(node).toBe(goal);
    }
  });

  it('are the fastest: as fast as a search without a heuristic', () => {
    const fastest = (start: number, banned: number) => {
      const cost = city.nodes.map((_, node) => (node === start ? 0 : Infinity));
      for (let round = 0; round < city.nodes.length; round++) {
        for (const [index, link] of city.links.entries()) {
          if (link.from === start && link.to === banned) continue;
          cost[link.to] = Math.min(cost[link.to]!, cost[link.from]! + seconds([index]));
        }
      }
      return cost;
    };
    for (const from of [0, 57, 133]) {
      const { to, from: back } = city.links[from]!;
      const cost = fastest(to, back);
      for (let goal = 0; goal < city.nodes.length; goal++) {
        if (goal !== to) expect(seconds(routes.find(from, goal)!)).toBeCloseTo(cost[goal]!, 6);
      }
    }
  });
});

describe('closed streets', () => {
  const random = new Random(9);

  it('are left out of every route', () => {
    const routes = new RouteSearch(city);
    const isClosed = (link: number) => random.uniform(link, 1, 0) < 0.15;
    routes.close(isClosed);
    let found = 0;
    for (let i = 0; i < 300; i++) {
      const from = random.bits(i, 2, 0) % city.links.length;
      const route = routes.find(from, random.bits(i, 3, 0) % city.nodes.length);
      if (route === undefined) continue;
      expect(route.filter(isClosed)).toHaveLength(0);
      found++;
    }
    expect(found).toBeGreaterThan(150);
    routes.close(() => false);
    expect(routes.find(0, city.nodes.length - 1)).toEqual(new RouteSearch(city).find(0, city.nodes.length - 1));
  });

  it('make a trip go another way to the same end, or elsewhere when there is none', () => {
    const trips = new Trips(city, random, 1);
    const { streets } = fakeWorld();
    expect(trips.heed(streets)).toBe(true);
    expect(trips.heed(streets)).toBe(false);
    const link = 0;
    const { route } = trips.next(0, link)!;
    const goal = city.links[route.at(-1)!]!.to;
    const first = fakeWorld({ closedLinks: [route[0]!], streetsVersion: 1 }).streets;
    expect(trips.isOpen(link, route)).toBe(true);
    expect(trips.heed(first)).toBe(true);
    expect(trips.isOpen(link, route)).toBe(false);
    const around = trips.detour(0, link, route)!;
    expect(city.links[around.route.at(-1)!]!.to).toBe(goal);
    expect(around.route).not.toContain(route[0]);
    const intoGoal = city.links.flatMap(({ to }, index) => (to === goal ? [index] : []));
    trips.heed(fakeWorld({ closedLinks: intoGoal, streetsVersion: 2 }).streets);
    const elsewhere = trips.detour(0, link, route)!;
    expect(city.links[elsewhere.route.at(-1)!]!.to).not.toBe(goal);
    trips.heed(fakeWorld({ closedLinks: city.links.keys(), streetsVersion: 3 }).streets);
    expect(trips.detour(0, link, route)).toBeUndefined();
  });

  it('empty within minutes, and nobody turns into them', () => {
    const closedLinks = city.links.flatMap(({ from, to }, index) => (from % 13 === 6 && to % 13 === 6 ? [index] : []));
    const closed = fakeWorld({ closedLinks, streetsVersion: 1 });
    let entered = 0;
    const watched = {
      ...closed,
      streets: { ...closed.streets, observe: (link: number) => void (closedLinks.includes(link) && entered++) },
    };
    const life = new Life(model, city, 300).run(900);
    life.run(300, closed);
    expect(closedLinks.length).toBe(10);
    life.run(900, watched);
    expect(entered).toBe(0);
    const driving = life.records.filter(
      ({ tsMs, fields }) => tsMs > life.nowMs - 300_000 && fields.status !== 'parked',
    );
    expect(driving.length / (300 * 30)).toBeGreaterThan(0.2);
  });

  it('let the cars park when everything is closed, and go on when it opens', () => {
    const under = (life: Life) => life.records.slice(-100).filter(({ fields }) => fields.status !== 'parked').length;
    const life = new Life(model, city, 100).run(600);
    const usual = under(life);
    life.run(300, fakeWorld({ closedLinks: city.links.keys(), streetsVersion: 1 }));
    expect(under(life)).toBe(0);
    life.run(900, fakeWorld({ streetsVersion: 2 }));
    expect(under(life)).toBeGreaterThan(0.6 * usual);
  });
});

describe('traffic', () => {
  const { streets } = fakeWorld({ speedFactor: 1 });

  it('never lets cars overlap on a lane, however dense', () => {
    const cars = 900;
    const random = new Random(5);
    const traffic = new Traffic(city, new Signals(city), cars);
    const routes = new RouteSearch(city);
    const goals = new Destinations(city, random);
    let entered = 0;
    const start = (car: number, trip: number) => {
      const link = random.bits(car, 1, trip) % city.links.length;
      const route = routes.find(link, goals.next(city.links[link]!.to, car, 2, trip));
      if (route === undefined || route.length === 0) return;
      const atM = 20 + 500 * random.uniform(car, 9, trip);
      if (!traffic.hasGap(link, atM, 0)) return;
      traffic.follow(car, route, 300);
      traffic.enter(car, link, atM, 0, streets);
      entered++;
    };
    let smallestM = Infinity;
    let strays = 0;
    for (let step = 0; step < 1200; step++) {
      for (let car = 0; car < cars; car++) if (!traffic.isDriving(car)) start(car, step);
      traffic.advance(step * 500, 0.5, streets);
      for (let car = 0; car < cars; car++) {
        const ahead = traffic.lanes.ahead[car]!;
        if (!traffic.isDriving(car) || ahead === NOBODY) continue;
        if (traffic.link[ahead] !== traffic.link[car]) strays++;
        smallestM = Math.min(smallestM, traffic.atM[ahead]! - URBAN_CAR.lengthM - traffic.atM[car]!);
      }
    }
    expect(entered).toBeGreaterThan(cars);
    expect(strays).toBe(0);
    expect(smallestM).toBeGreaterThanOrEqual(-1e-9);
  });

  /** A queue or platoon on the one-lane link before a signal of a city with one limit, all going straight on. */
  function lineUp(blockM: number, cars: number, spacingM: number, frontM: number, speedMps: number) {
    const wide = fakeCity(blockM);
    const oneLimit = { ...wide, links: wide.links.map((link) => ({ ...link, speedLimitMps: TOP_LIMIT_MPS })) };
    const signals = new Signals(oneLimit);
    const traffic = new Traffic(oneLimit, signals, cars);
    const straight = (link: number) =>
      oneLimit.linksFrom[oneLimit.links[link]!.to]!.find((next) => !traffic.links.isTurn(link, next));
    const link = oneLimit.links.findIndex(
      ({ lanes }, index) => lanes === 1 && signals.has(index) && straight(index) !== undefined,
    );
    for (let car = 0; car < cars; car++) {
      traffic.follow(car, Int32Array.of(straight(link)!), blockM - 10);
      traffic.enter(car, link, blockM - frontM - car * spacingM, speedMps, streets);
    }
    return { traffic, signals, link };
  }

  it('leaves a light at the published saturation flow, in the steps that cars take', () => {
    const { traffic, signals, link } = lineUp(600, 24, URBAN_CAR.lengthM + URBAN_CAR.jamGapM, 1, 0);
    let nowMs = 0;
    while (signals.light(link, nowMs) !== 'red') nowMs += 500;
    while (signals.light(link, nowMs) === 'red') nowMs += 500;
    const crossedS = new Map<number, number>();
    while (signals.light(link, nowMs) === 'green') {
      traffic.advance((nowMs += 500), 0.5, streets);
      for (let car = 0; car < 24; car++) {
        if (traffic.link[car] === link || crossedS.has(car)) continue;
        crossedS.set(car, nowMs / 1000 - traffic.atM[car]! / traffic.speedMps[car]!);
      }
    }
    const perHour = (3600 * (18 - 8)) / (crossedS.get(18)! - crossedS.get(8)!);
    console.log(`saturation flow at a light ${perHour.toFixed(0)} veh/h/lane (published 1817 ± 40)`);
    expect(Math.abs(perHour - 1817)).toBeLessThan(40);
  });

  it.each([
    [12, 6],
    [9, 4],
  ])('damps a disturbance from %i to %i m/s along a platoon', (usualMps, slowMps) => {
    const cars = 40;
    const spacingM = URBAN_CAR.lengthM + equilibriumGapM(URBAN_CAR, usualMps, TOP_LIMIT_MPS) + 2;
    const { traffic } = lineUp(20_000, cars, spacingM, 17_000, usualMps);
    const slowest = new Float64Array(cars).fill(Infinity);
    let nowMs = 0;
    const drive = (seconds: number, ceilingMps: number) => {
      traffic.adviceMps[0] = ceilingMps;
      for (const endMs = nowMs + seconds * 1000; nowMs < endMs;) {
        traffic.advance((nowMs += 500), 0.5, streets);
        for (let car = 0; car < cars; car++) slowest[car] = Math.min(slowest[car]!, traffic.speedMps[car]!);
      }
    };
    drive(300, usualMps);
    slowest.fill(Infinity);
    drive(8, slowMps);
    drive(200, usualMps);
    const droppedMps = [5, 10, 20, 39].map((car) => usualMps - slowest[car]!);
    expect(droppedMps).toEqual(droppedMps.toSorted((a, b) => b - a));
    expect(droppedMps.at(-1)!).toBeLessThan(0.7 * (usualMps - slowMps));
  });

  it('stops at a red light and goes on at green', () => {
    const signals = new Signals(city);
    const link = city.links.findIndex((_, index) => signals.has(index));
    const onward = city.linksFrom[city.links[link]!.to]!.find(
      (next) => city.links[next]!.to !== city.links[link]!.from,
    )!;
    const traffic = new Traffic(city, signals, 1);
    traffic.follow(0, Int32Array.of(onward), 300);
    let nowMs = 0;
    while (signals.light(link, nowMs) !== 'red') nowMs += 500;
    traffic.enter(0, link, city.links[link]!.lengthM - 150, 10, streets);
    while (signals.light(link, (nowMs += 500)) === 'red') traffic.advance(nowMs, 0.5, streets);
    expect(traffic.link[0]).toBe(link);
    const lineM = city.links[link]!.lengthM - traffic.atM[0]!;
    expect(lineM).toBeGreaterThan(0);
    expect(lineM).toBeLessThan(8);
    for (const endMs = nowMs + 10_000; nowMs < endMs; nowMs += 500) traffic.advance(nowMs, 0.5, streets);
    expect(traffic.link[0]).toBe(onward);
  });

  it('shows opposite phases green in turn, never together', () => {
    const signals = new Signals(city);
    for (let node = 0; node < city.nodes.length; node++) {
      const approaches = city.links.flatMap((link, index) => (link.to === node && signals.has(index) ? [index] : []));
      const [eastWest, northSouth] = [true, false].map((flat) =>
        approaches.find((link) => (city.nodes[city.links[link]!.from]!.y === city.nodes[node]!.y) === flat),
      );
      if (eastWest === undefined || northSouth === undefined) continue;
      let greens = 0;
      for (let nowMs = 0; nowMs < 90_000; nowMs += 1000) {
        const lights = [signals.light(eastWest, nowMs), signals.light(northSouth, nowMs)];
        expect(lights).toContain('red');
        if (lights[0] === 'green') greens++;
      }
      expect(greens).toBe(41);
    }
  });
});

describe('vehicles', () => {
  it('describe themselves without a problem', () => {
    expect(descriptionProblems(model.description)).toEqual([]);
  });

  it('never jump, and their odometer never falls', () => {
    const life = new Life(model, city, 60).run(1800);
    for (let car = 0; car < 60; car++) {
      const records = life.records.filter(({ device }) => device === car);
      expect(records.length).toBeGreaterThanOrEqual(179);
      for (const [i, after] of records.slice(1).entries()) {
        const before = records[i]!;
        const dtS = (after.tsMs - before.tsMs) / 1000;
        expect(dtS).toBeLessThanOrEqual(11);
        const drivenM = Number(after.fields.odometerM) - Number(before.fields.odometerM);
        expect(drivenM).toBeGreaterThanOrEqual(0);
        expect(drivenM).toBeLessThanOrEqual(1.2 * TOP_LIMIT_MPS * dtS + 1);
        const north = (Number(after.fields.lat) - Number(before.fields.lat)) * 110_880;
        const east = (Number(after.fields.lon) - Number(before.fields.lon)) * 94_970;
        expect(Math.hypot(north, east)).toBeLessThan(drivenM + 15);
      }
    }
  });

  it('are under way as the hour wants, wait at lights and park', () => {
    const shares = (traffic: number) => {
      const life = new Life(model, city, 200).run(1800, fakeWorld({ traffic }));
      const late = life.records.filter(({ tsMs }) => tsMs > life.nowMs - 600_000);
      const share = (status: string) => late.filter(({ fields }) => fields.status === status).length / late.length;
      return { parked: share('parked'), waiting: share('waiting') };
    };
    const [peak, night] = [shares(1), shares(0.1)];
    // Trips in this small city are short, so cars rest more often than the hour wants.
    expect(peak.parked).toBeLessThan(0.75);
    expect(night.parked).toBeGreaterThan(0.85);
    expect(night.parked).toBeLessThan(0.97);
    expect(peak.waiting).toBeGreaterThan(0.01);
  });

  it('tell the streets what they drive', () => {
    const observed: number[] = [];
    const world = fakeWorld();
    const telling = {
      ...world,
      streets: { ...world.streets, observe: (_: number, speedMps: number) => void observed.push(speedMps) },
    };
    new Life(model, city, 50).run(60, telling);
    expect(observed.length).toBeGreaterThan(500);
    expect(Math.min(...observed)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...observed)).toBeLessThanOrEqual(1.2 * TOP_LIMIT_MPS);
  });

  it('drive no faster than advised', () => {
    const life = new Life(model, city, 50).run(30);
    const car = life.records.findLast(({ fields }) => fields.status === 'driving')!.device;
    const send = (name: string, args: { [name: string]: unknown }) =>
      life.fleet.command!(car, { id: 'a', name, args }, life.nowMs, life.report);
    expect(send('speedAdvice', { speedMps: 3 })).toEqual({ state: 'done' });
    life.run(60);
    const late = life.records.filter(({ device, tsMs }) => device === car && tsMs > life.nowMs - 45_000);
    expect(late.length).toBeGreaterThan(3);
    for (const { fields } of late) expect(Number(fields.speedMps)).toBeLessThanOrEqual(3.1);
    expect(send('speedAdvice', { speedMps: 0 })).toEqual({ state: 'rejected', reason: 'speedMps must be 1…40, got 0' });
    expect(send('fly', {})).toEqual({ state: 'rejected', reason: 'unknown command fly, expected speedAdvice' });
  });

  it.each([100, 500, 5000])('live in ticks of %i ms as well', (dtMs) => {
    const driven = (life: Life) =>
      life.records.reduce((sum, { fields }) => sum + Number(fields.speedMps ?? 0), 0) / life.records.length;
    const reference = driven(new Life(model, city, 100).run(900));
    const other = driven(new Life(model, city, 100).run(900, fakeWorld(), dtMs));
    expect(other / reference).toBeGreaterThan(0.85);
    expect(other / reference).toBeLessThan(1.15);
  });

  it('leave dead ends: after half a day as many are under way as after an hour', () => {
    const life = new Life(model, loadCity(), 150);
    const drivingAfter = (seconds: number) => {
      life.run(seconds, fakeWorld({ traffic: 0.8 }), 5000);
      const newest = new Map(life.records.map((record) => [record.device, record.fields.status]));
      return [...newest.values()].filter((status) => status !== 'parked').length;
    };
    const [early, late] = [drivingAfter(3600), drivingAfter(11 * 3600)];
    console.log(`cars under way after 1 h: ${early}, after 12 h: ${late} of 150`);
    expect(late).toBeGreaterThan(0.85 * early);
    expect(early).toBeGreaterThan(15);
  }, 60_000);

  it('live the same life from the same seed, and another from another', () => {
    const life = (seed: number) => JSON.stringify(new Life(model, city, 60, seed).run(300).records);
    expect(life(7)).toBe(life(7));
    expect(life(7)).not.toBe(life(8));
  });
});
