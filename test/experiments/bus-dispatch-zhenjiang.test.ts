// What each lever of the dispatch centre does, and does not, in a small operator.
import { describe, expect, it } from 'vitest';
import { busDispatchZhenjiang } from '../../experiments/bus-dispatch-zhenjiang.ts';
import type { ExperimentSettings } from '../../experiments/experiment.ts';
import { readSettings } from '../../experiments/settings.ts';
import { deadheadKm, historicHomes } from '../../experiments/zhenjiang/deadheads.ts';
import { liveLineDay } from '../../experiments/zhenjiang/line-day.ts';
import type { LineLevers } from '../../experiments/zhenjiang/line-day.ts';
import { boardingsPerHour, operatorOf } from '../../experiments/zhenjiang/operator.ts';
import { countedPlan, departuresOf, oldPlan, plannedWaitS } from '../../experiments/zhenjiang/timetable.ts';
import { Random } from '../../simulator/random.ts';
import { liveAll } from './live-all.ts';

const SMALL = ['lines=8'];
const settingsOf = (...assignments: string[]): ExperimentSettings =>
  readSettings(busDispatchZhenjiang, [...SMALL, ...assignments]);
const live = (arm: string, ...assignments: string[]) => busDispatchZhenjiang.live(arm, 3, settingsOf(...assignments));

const random = new Random(5);
const operator = operatorOf(random, 8, 0.3, 0.3);
const old = oldPlan(operator, 28);
const IDLE: LineLevers = {
  idleShare: 0.5,
  idleAlarm: false,
  signalPriority: false,
  holding: false,
  compliance: 1,
  movingFactor: 1,
};
const busiest = old.reduce((a, b) => (a.line.boardingsPerDay > b.line.boardingsPerDay ? a : b));
const usual = liveLineDay(busiest, IDLE, random);

describe('the Zhenjiang claim', () => {
  const outcome = liveAll(busDispatchZhenjiang, 6, ...SMALL);
  const saved = (arm: string) => -outcome.shares[arm]!['fuelMlPerYear']!.mean;

  it('is judged by checks that are met, the base fuel calibrated', () => {
    const checks = busDispatchZhenjiang.checks!(outcome);
    expect(checks).toHaveLength(4);
    expect(checks.filter(({ ok, id }) => !ok || id !== 'B10')).toEqual([]);
  });

  it('needs the bundle: dispatch alone saves less than all, and no lever alone as much', () => {
    expect(saved('all')).toBeGreaterThan(saved('dispatch-only'));
    for (const lever of ['l1', 'l2', 'l3', 'l4', 'l5', 'l6']) expect(saved(lever)).toBeLessThan(saved('all') * 0.75);
  });

  it('leaves fuel, CO2 and money in step', () => {
    const base = outcome.arms['base']!;
    expect(base['tCo2PerYear']!.mean / base['fuelMlPerYear']!.mean).toBeCloseTo(2650, 6);
    expect(base['costMCny']!.mean / base['fuelMlPerYear']!.mean).toBeCloseTo(6.8, 9);
    expect(base['costMCny']!.mean / base['costMUsd']!.mean).toBeCloseTo(6.3, 9);
  });

  it('is answered with intervals for dispatch and bundle beside the claim', () => {
    const verdict = busDispatchZhenjiang.verdict(outcome);
    expect(verdict).toMatch(/Dispatch alone .* saves \d\.\d % \(.*…/);
    expect(verdict).toContain('6700 t and 2.7 M US$');
  });
});

describe('a lever', () => {
  it.each([
    ['l3', 'compliance=0'],
    ['l4', 'compliance=0'],
    ['l6', 'compliance=0'],
    ['l5', 'trunkShare=0'],
  ])('%s changes nothing with %s', (arm, assignment) => {
    expect(live(arm, assignment)).toEqual(live('base', assignment));
  });

  it('L1 finds little to gain when the old timetable knew the demand', () => {
    const gain = (assignment: string) => 1 - live('l1', assignment)['kmM']! / live('base', assignment)['kmM']!;
    expect(gain('planErrorShare=0')).toBeLessThan(0.015);
    expect(gain('planErrorShare=0.6')).toBeGreaterThan(gain('planErrorShare=0') + 0.01);
  });

  it('L1 makes nobody wait longer by plan, with fewer trips', () => {
    const counted = countedPlan(operator, old);
    const trips = (plan: typeof old) => plan.reduce((sum, line) => sum + departuresOf(line).length, 0);
    expect(plannedWaitS(counted) / plannedWaitS(old)).toBeCloseTo(1, 3);
    expect(trips(counted)).toBeLessThan(trips(old));
  });

  it('L1 puts buses where people are: more in the peak hour than by counts of three periods at noon', () => {
    for (const { line, perHour } of countedPlan(operator, old)) {
      expect(boardingsPerHour(line, 0, 7)).toBeGreaterThan(boardingsPerHour(line, 0, 13));
      expect(perHour[7]).toBeGreaterThan(perHour[13]!);
    }
  });

  it('L2 shortens empty runs and nothing else', () => {
    const [base, l2] = [live('base'), live('l2')];
    expect(l2['emptyShare']).toBeLessThan(base['emptyShare']!);
    for (const kpi of ['waitS', 'tripMin', 'idleHPerBusDay']) expect(l2[kpi]).toBe(base[kpi]);
  });

  it('L5 makes trips shorter', () => {
    expect(live('l5')['tripMin']).toBeLessThan(live('base')['tripMin']!);
  });

  it('L6 evens headways, for longer trips', () => {
    const held = liveLineDay(busiest, { ...IDLE, holding: true }, random);
    expect(held.headways.cv).toBeLessThan(0.95 * usual.headways.cv);
    expect(held.hours / held.trips).toBeGreaterThan(1.01 * (usual.hours / usual.trips));
  });
});

describe('a day of a line', () => {
  it('runs the timetable, or says what was cancelled', () => {
    expect(usual.trips + usual.cancelled).toBe(departuresOf(busiest).length);
    expect(usual.trips).toBeGreaterThan(50);
    expect(usual.km).toBeCloseTo(usual.trips * busiest.line.lengthKm, 6);
  });

  it('sends every bus home that it called from the depot', () => {
    expect(usual.pullIns).toHaveLength(usual.pullOuts.length);
    expect(usual.pullOuts.length).toBeGreaterThanOrEqual(Math.max(...busiest.buses) - 1);
  });

  it('carries the demand of the day, within its variation', () => {
    expect((usual.boarded + usual.denied) / busiest.line.boardingsPerDay).toBeGreaterThan(0.75);
    expect(usual.boarded / busiest.line.boardingsPerDay).toBeLessThan(1.25);
  });

  it('idles as long as drivers leave engines on', () => {
    const never = liveLineDay(busiest, { ...IDLE, idleShare: 0 }, random);
    const always = liveLineDay(busiest, { ...IDLE, idleShare: 1 }, random);
    expect(never.idleHours).toBe(0);
    expect(usual.idleHours / always.idleHours).toBeGreaterThan(0.35);
    expect(usual.idleHours / always.idleHours).toBeLessThan(0.65);
  });

  it('has as many red lights as their cycle says, when nobody asks for green', () => {
    expect(Math.abs(usual.redStopsMore) / (usual.trips * (busiest.line.stops - 1))).toBeLessThan(0.05);
  });
});

describe('the scale', () => {
  it('is by bus: twice the buses burn twice the fuel', () => {
    expect(live('base', 'buses=2000')['fuelMlPerYear']! / live('base')['fuelMlPerYear']!).toBeCloseTo(2, 9);
  });

  it('charges a cancelled trip like those that were driven', () => {
    const { litresPer100Km, kmM, fuelMlPerYear, cancelledShare } = live('base');
    expect(cancelledShare).toBeGreaterThan(0);
    expect(fuelMlPerYear! * (1 - cancelledShare!)).toBeCloseTo((litresPer100Km! * kmM!) / 100, 9);
  });

  it('has empty runs only where buses move to and from depots', () => {
    const homes = historicHomes(operator, random, 0.5);
    const none = operator.lines.map(() => ({ pullOuts: [], pullIns: [] }));
    expect(deadheadKm(operator, homes, none)).toBe(0);
  });

  it('counts litres of diesel only where diesel is burnt', () => {
    expect(live('base', 'propulsion=battery')['fuelMlPerYear']).toBeNaN();
    expect(live('base', 'propulsion=battery')['tCo2PerYear']).toBeGreaterThan(0);
  });
});
