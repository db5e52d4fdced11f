// A light that is asked to help a bus: how much it does, how often, and what the bus gains.
import { describe, expect, it } from 'vitest';
import { networksOf } from '../../simulator/bus/network.ts';
import type { PriorityRequest } from '../../simulator/bus/order.ts';
import { lightFor } from '../../simulator/bus/priority.ts';
import type { City } from '../../simulator/city.ts';
import type { Motion } from '../../simulator/bus/driving.ts';
import { model } from '../../simulator/models/bus.ts';
import { LinkTable } from '../../simulator/traffic/link-table.ts';
import { CYCLE_MS, Signals } from '../../simulator/traffic/signals.ts';
import { fakeCity } from './fake-city.ts';
import { Life, START_MS } from './fake-world.ts';

const BUSES = 10;
const city = betweenLights(fakeCity());
const signals = new Signals(city);
const side = networksOf(city, new LinkTable(city), signals)[0]!.sides[0]!;
const linkIndex = side.links.findIndex((link) => signals.has(link));

/** With its stops in the middle between junctions, so that there is a light on the way from each to the next. */
function betweenLights(whole: City): City {
  const line = whole.lines[0]!;
  const stops = whole.stops.slice(0, -1).map((stop) => ({ ...stop, x: stop.x + 300 }));
  const order = stops.map((_, i) => i);
  const directions = line.directions.map((direction, way) => ({
    ...direction,
    stops: (way === 0 ? order : order.toReversed()).map((stop, i) => ({ stop, atM: 600 * i + 300 })),
  }));
  return { ...whole, stops, lines: [{ ...line, directions }] };
}

/** At the light, at 10 m/s. */
function comer(action: PriorityRequest['action']): Motion {
  const priority = { id: 'p', linkIndex, untilMs: Infinity, action };
  return { side, linkIndex, speedMps: 10, priority } as Motion;
}

/** Seconds of a cycle in which the light is green; the light is what the bus sees. */
function greenS(lightAt: (nowMs: number) => string): number[] {
  const seconds = Array.from({ length: CYCLE_MS / 1000 }, (_, s) => s);
  return seconds.filter((s) => lightAt(START_MS + 1000 * s) === 'green');
}

describe('a light that helps', () => {
  const usual = greenS((nowMs) => signals.light(side.links[linkIndex]!, nowMs));

  it.each(['extension', 'truncation'] as const)('is green ten seconds longer by %s, and never less', (action) => {
    const helped = greenS((nowMs) => lightFor(comer(action), signals, nowMs, 50));
    expect(helped.length - usual.length).toBe(10);
    expect(usual.every((s) => helped.includes(s))).toBe(true);
    const extra = helped.filter((s) => !usual.includes(s));
    // Right after green, and right before it.
    const next = action === 'extension' ? extra[0]! - 1 : extra.at(-1)! + 1;
    expect(usual).toContain((next + CYCLE_MS / 1000) % (CYCLE_MS / 1000));
  });

  it('stays green for a bus that can still make it, and otherwise turns green sooner', () => {
    const actionAt = (light: string, lineM: number) => {
      const bus = comer(undefined);
      const s = Array.from({ length: 90 }, (_, i) => i).find(
        (i) => signals.light(side.links[linkIndex]!, START_MS + 1000 * i) === light,
      )!;
      lightFor(bus, signals, START_MS + 1000 * s, lineM);
      return bus.priority!.action;
    };
    expect(actionAt('amber', 60)).toBe('extension');
    expect(actionAt('amber', 160)).toBe('truncation');
    expect(actionAt('red', 60)).toBe('truncation');
    expect(actionAt('green', 60)).toBeUndefined();
  });

  it('is nothing to a bus that comes to another light', () => {
    const bus = { ...comer('truncation'), linkIndex: linkIndex + 1 };
    const link = side.links[linkIndex + 1]!;
    expect(greenS((nowMs) => lightFor(bus, signals, nowMs, 50))).toEqual(greenS((nowMs) => signals.light(link, nowMs)));
  });
});

describe('requestPriority', () => {
  const ask = (life: Life, bus: number, id: string) =>
    life.fleet.command!(bus, { id, name: 'requestPriority', args: {} }, life.nowMs, life.report);

  /** When a bus gets to a stop. */
  const arrivalMs = (life: Life, bus: number, stop: unknown, fromMs: number) =>
    life.records.find(
      ({ device, tsMs, fields }) =>
        device === bus && tsMs >= fromMs && fields.nextStop === stop && fields.status === 'stoppedAt',
    )?.tsMs;

  it('brings a bus ten seconds sooner to its next stop or saves it a red, is done behind the light, and no bus loses by it', () => {
    const gainsS: number[] = [];
    for (let seconds = 600; seconds < 900; seconds += 30) {
      const [free, helped] = [0, 1].map(() => new Life(model, city, BUSES).run(seconds)) as [Life, Life];
      const asked = new Map<number, unknown>();
      for (let bus = 0; bus < BUSES; bus++) {
        const { fields } = helped.records.findLast(({ device }) => device === bus)!;
        if (ask(helped, bus, `p${bus}`).state === 'accepted') asked.set(bus, fields.nextStop);
      }
      const fromMs = helped.nowMs;
      for (const life of [free, helped]) life.run(240);
      for (const [bus, stop] of asked) {
        expect(helped.acks.find(({ device }) => device === bus)).toMatchObject({ id: `p${bus}`, state: 'done' });
        const [usual, sooner] = [free, helped].map((life) => arrivalMs(life, bus, stop, fromMs));
        if (usual !== undefined && sooner !== undefined) gainsS.push((usual - sooner) / 1000);
      }
    }
    console.log(`gained: ${gainsS.map((gainS) => gainS.toFixed(1)).join(' ')} s`);
    expect(gainsS.length).toBeGreaterThan(30);
    expect(Math.min(...gainsS)).toBeGreaterThanOrEqual(0);
    // Red that ends sooner; who is let through at the end of green saves a whole red.
    const sooner = gainsS.filter((gainS) => gainS > 0 && gainS < 20);
    expect(sooner.length).toBeGreaterThan(10);
    expect(sooner.filter((gainS) => gainS <= 10.5).length / sooner.length).toBeGreaterThan(0.9);
    expect(Math.max(...gainsS)).toBeLessThan(55);
  });

  it('is taken once in two cycles at a light, whoever asks, and from no bus that stands', () => {
    const life = new Life(model, city, BUSES).run(600);
    const last = (bus: number) => life.records.findLast(({ device }) => device === bus)!.fields;
    const answers = new Map<number, string | undefined>();
    const buses = Array.from({ length: BUSES }, (_, bus) => bus);
    const first = buses.find((bus) => last(bus).status === 'inTransitTo' && ask(life, bus, 'a').state === 'accepted')!;
    expect(ask(life, first, 'b').reason).toBe('the light ahead has been asked already');
    while (life.acks.length === 0) life.run(1);
    for (const bus of buses) answers.set(bus, ask(life, bus, `c${bus}`).reason);
    for (const bus of buses) {
      if (last(bus).status === 'layover' || last(bus).doorOpen === true)
        expect(answers.get(bus)).toBe('the bus stands: a light is asked from under way');
    }
    // A light that was asked a moment ago, by a bus that comes to it now.
    let refused: string | undefined;
    for (let seconds = 0; seconds < 600 && refused === undefined; seconds++) {
      life.run(1);
      for (const bus of buses) {
        const { reason } = ask(life, bus, `d${seconds}-${bus}`);
        if (reason?.startsWith('the light was asked') === true) refused = reason;
      }
    }
    expect(refused).toMatch(/^the light was asked \d+ s ago, expected at least 180 s$/);
  });
});
