// A day of the operator under some levers: plans, lives every line, sends the buses home and sums what they burn.
import { energyOf } from '../../simulator/physics/bus-energy.ts';
import type { EnergyUse, Propulsion } from '../../simulator/physics/bus-energy.ts';
import type { Random } from '../../simulator/random.ts';
import { DEADHEAD_KMH, bestHomes, deadheadKm, historicHomes, interlinedKm } from './deadheads.ts';
import { redStopKm, styleEffect } from './driving-style.ts';
import type { StyleEffect } from './driving-style.ts';
import type { Lever } from './levers.ts';
import { liveLineDay } from './line-day.ts';
import type { LineDay } from './line-day.ts';
import { operatorOf } from './operator.ts';
import type { Operator } from './operator.ts';
import { CAPACITY, countedPlan, oldPlan } from './timetable.ts';
import type { LinePlan } from './timetable.ts';

export interface DaySettings {
  /** Sampled. */
  readonly lines: number;
  readonly passengersPerTrip: number;
  readonly planErrorShare: number;
  readonly reserveShare: number;
  readonly misplacedShare: number;
  readonly idleShare: number;
  readonly harshShare: number;
  readonly harshCut: number;
  readonly cruiseCut: number;
  readonly trunkShare: number;
  readonly compliance: number;
  readonly propulsion: Propulsion;
  readonly tempC: number;
  readonly gridKgPerKwh: number;
}

export interface OperatorDay {
  /** The fleet of the old plan with its reserve: what the operator owns in every arm. */
  readonly buses: number;
  readonly lines: readonly LineDay[];
  readonly serviceKm: number;
  readonly emptyKm: number;
  readonly idleHours: number;
  /** L, kg of gas or kWh. */
  readonly energy: number;
  readonly kgCo2: number;
}

const USUAL: StyleEffect = { movingFactor: 1, energyFactor: 1 };

export function liveOperatorDay(random: Random, levers: readonly Lever[], settings: DaySettings): OperatorDay {
  const has = (lever: Lever) => levers.includes(lever);
  const operator = operatorOf(random.fork('operator'), settings.lines, settings.trunkShare, settings.planErrorShare);
  const old = oldPlan(operator, settings.passengersPerTrip);
  const plan = has('frequency') ? countedPlan(operator, old) : old;
  const style = has('driving') ? coached(random, settings) : USUAL;
  const lines = plan.map((linePlan) =>
    liveLineDay(
      linePlan,
      {
        idleShare: settings.idleShare,
        idleAlarm: has('idling'),
        signalPriority: has('priority'),
        holding: has('holding'),
        compliance: settings.compliance,
        movingFactor: style.movingFactor,
      },
      random.fork(`line ${linePlan.line.index}`),
    ),
  );
  const emptyKm = emptyKmOf(operator, old, lines, random.fork('depots'), settings.misplacedShare, has('deadheads'));
  const buses = (1 + settings.reserveShare) * old.reduce((sum, linePlan) => sum + Math.max(...linePlan.buses), 0);
  return { buses, lines, emptyKm, ...burnt(lines, emptyKm, style.energyFactor, settings) };
}

/** Those who listen drive harshly less often and a little slower. */
function coached(random: Random, settings: DaySettings): StyleEffect {
  const { harshShare, harshCut, cruiseCut, compliance, propulsion, tempC } = settings;
  const usual = { harshShare, cruiseFactor: 1 };
  const after = { harshShare: harshShare * (1 - harshCut * compliance), cruiseFactor: 1 - cruiseCut * compliance };
  return styleEffect(random.fork('driving'), usual, after, propulsion, tempC);
}

function emptyKmOf(
  operator: Operator,
  old: readonly LinePlan[],
  lines: readonly LineDay[],
  random: Random,
  misplacedShare: number,
  coordinated: boolean,
): number {
  const homes = historicHomes(operator, random, misplacedShare);
  if (!coordinated) return deadheadKm(operator, homes, lines);
  const buses = old.map((plan) => Math.max(...plan.buses));
  return interlinedKm(operator, bestHomes(operator, homes, buses), lines);
}

function burnt(lines: readonly LineDay[], emptyKm: number, energyFactor: number, settings: DaySettings) {
  const { propulsion, tempC, gridKgPerKwh } = settings;
  const engine = energyOf(propulsion, gridKgPerKwh);
  const sum = (part: 'km' | 'hours' | 'passengerKm' | 'idleHours' | 'redStopsMore') =>
    lines.reduce((total, line) => total + line[part], 0);
  const [serviceKm, idleHours] = [sum('km'), sum('idleHours')];
  const service = engine.driving(serviceKm, sum('hours'), sum('passengerKm') / serviceKm, tempC);
  // The mean of a km holds for the usual number of red lights.
  const redKm = sum('redStopsMore') * redStopKm(propulsion, tempC);
  const serviceFactor = energyFactor * (1 + redKm / serviceKm);
  const empty = engine.driving(emptyKm, emptyKm / DEADHEAD_KMH, 0, tempC);
  const idle = engine.idle(idleHours, tempC);
  return {
    serviceKm,
    idleHours,
    energy: serviceFactor * amount(service) + energyFactor * amount(empty) + amount(idle),
    kgCo2: serviceFactor * service.kgCo2 + energyFactor * empty.kgCo2 + idle.kgCo2,
  };
}

const amount = (use: EnergyUse) => use.litres ?? use.gasKg ?? use.kwh ?? 0;

/** What riders feel, over all lines of a day. */
export function riderKpis(lines: readonly LineDay[]) {
  const sum = (valueOf: (line: LineDay) => number) => lines.reduce((total, line) => total + valueOf(line), 0);
  const boarded = sum((line) => line.boarded);
  const trips = sum((line) => line.trips);
  const headways = sum(({ headways: { count } }) => count);
  const peaks = lines.flatMap((line) => line.peakLoads).sort((a, b) => a - b);
  return {
    waitS: sum((line) => line.waitS) / boarded,
    excessWaitS: sum((line) => line.boarded * line.headways.excessWaitS) / boarded,
    headwayCv: sum((line) => line.headways.count * line.headways.cv) / headways,
    p90LoadRatio: peaks[Math.floor(0.9 * peaks.length)]! / CAPACITY,
    deniedShare: sum((line) => line.denied) / boarded,
    cancelledShare: sum((line) => line.cancelled) / (trips + sum((line) => line.cancelled)),
    tripMin: (60 * sum((line) => line.hours)) / trips,
  };
}
