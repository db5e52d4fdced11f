// Diesel, hybrid and battery buses on the same day in winter, spring and summer. Days of stop and go are drawn second by second; what was
// measured on the road for such km, hours and loads decides, and power second by second is the check: a hybrid's simple power balance gives
// its level but only +10 % from 25 to 15 km/h, where +50 % was measured. Not here: making buses and batteries, fuel heaters, cold batteries.
import {
  BATTERY_EXTRA_KG,
  batteryCycleKwh,
  dieselCycleL,
  hybridCycleL,
  wheelWork,
} from '../simulator/physics/bus-energy-micro.ts';
import type { WheelWork } from '../simulator/physics/bus-energy-micro.ts';
import { CO2_KG_PER_L, ENERGY } from '../simulator/physics/bus-energy.ts';
import { Random } from '../simulator/random.ts';
import { drivenDay } from './driven-day.ts';
import type { Arm, Check, Experiment, ExperimentSettings, Outcome } from './experiment.ts';

const LABELS = { diesel: 'diesel', hybrid: 'hybrid', battery: 'battery' } as const;
type Bus = keyof typeof LABELS;
const BUSES = Object.keys(LABELS) as Bus[];

const CURB_KG = 12_000;
const PASSENGER_KG = 65;
const DIESEL_MJ_PER_L = 35.9;
const MJ_PER_KWH = 3.6;
/** Two anchors of the published means. */
const SLOW_KMH = 15;
const FAST_KMH = 25;

export const electricBus: Experiment = {
  name: 'electric-bus',
  title: 'Electric bus in summer and winter',
  claim:
    'Battery buses need far less energy and give off less CO2 than diesel buses; hybrids are half of the way. What is left of it in jams, heat and frost?',
  sources: [
    'Zhang et al., Applied Energy 113 (2014): diesel, hybrid and gas buses in Beijing, by speed and with air conditioning',
    'Keramydas et al., Energies 11 (2018): hybrid buses in Hong Kong save 6 % in the mean',
    'Madrid PEMS study, Applied Energy (2020): consumption by load',
  ],
  seeds: 20,
  parameters: [
    {
      name: 'tempC',
      label: 'Outside temperatures, °C',
      type: 'list',
      default: ['20', '35', '0'],
      choices: ['-20', '-10', '0', '10', '20', '30', '35', '40'],
    },
    {
      name: 'speedKmh',
      label: 'Mean speed, stops and lights included',
      type: 'number',
      default: 16,
      min: 8,
      max: 30,
      unit: 'km/h',
    },
    {
      name: 'kmPerDay',
      label: 'Distance of a bus in a day',
      type: 'number',
      default: 190,
      min: 20,
      max: 400,
      unit: 'km',
    },
    { name: 'passengers', label: 'Mean number on board', type: 'number', default: 25, min: 0, max: 70 },
    { name: 'gridKgPerKwh', label: 'CO2 of the grid', type: 'number', default: 0.55, min: 0, max: 1.2, unit: 'kg/kWh' },
    { name: 'chargingEfficiency', label: 'Battery over meter', type: 'number', default: 0.9, min: 0.5, max: 1 },
    { name: 'cnyPerL', label: 'Price of diesel', type: 'number', default: 6.8, min: 0, max: 20, unit: 'CNY/L' },
    { name: 'cnyPerKwh', label: 'Price of electricity', type: 'number', default: 0.8, min: 0, max: 5, unit: 'CNY/kWh' },
  ],
  kpis: [
    { name: 'litresPer100Km', label: 'Diesel', unit: 'L/100 km', better: 'less' },
    { name: 'kwhPer100Km', label: 'Out of the battery', unit: 'kWh/100 km', better: 'less' },
    { name: 'energyMjPerKm', label: 'Final energy: in the fuel, at the meter', unit: 'MJ/km', better: 'less' },
    { name: 'co2GPerKm', label: 'CO2, of the exhaust or of the grid', unit: 'g/km', better: 'less' },
    { name: 'costCnyPerKm', label: 'Cost of energy', unit: 'CNY/km', better: 'less' },
    { name: 'drivenOverMeans', label: 'Second by second, over what was measured', unit: '', better: 'neither' },
  ],
  arms: (settings) =>
    temperatures(settings).flatMap((tempC) =>
      BUSES.map((bus): Arm => ({ name: armName(bus, tempC), label: `${LABELS[bus]}, ${tempC} °C` })),
    ),
  live(arm, seed, settings) {
    const { bus, tempC } = armOf(arm, settings);
    return liveDay(bus, tempC, Number(settings['speedKmh']), seed, settings);
  },
  checks,
  verdict,
};

const temperatures = (settings: ExperimentSettings) => (settings['tempC'] as readonly string[]).map(Number);

/** `battery-20c`, `battery-minus-10c` */
const armName = (bus: Bus, tempC: number) => `${bus}-${tempC < 0 ? 'minus-' : ''}${Math.abs(tempC)}c`;

function armOf(arm: string, settings: ExperimentSettings): { bus: Bus; tempC: number } {
  for (const tempC of temperatures(settings)) {
    for (const bus of BUSES) if (armName(bus, tempC) === arm) return { bus, tempC };
  }
  throw new Error(`no such arm of electric-bus: ${arm}`);
}

function liveDay(bus: Bus, tempC: number, speedKmh: number, seed: number, settings: ExperimentSettings) {
  const number = (name: string) => Number(settings[name]);
  const plan = { speedKmh, km: number('kmPerDay'), tripKm: 16, passengers: number('passengers') };
  let km = 0;
  let used = 0;
  let usedDriving = 0;
  // The same day for every bus and temperature.
  for (const { speedsMps, passengers } of drivenDay(new Random(seed).fork('electric-bus'), plan)) {
    const massKg = CURB_KG + PASSENGER_KG * passengers + (bus === 'battery' ? BATTERY_EXTRA_KG : 0);
    const work = wheelWork(speedsMps, massKg);
    const means = ENERGY[bus].driving(work.km, work.hours, passengers, tempC);
    km += work.km;
    used += means.litres ?? means.kwh!;
    usedDriving += takenDriving(bus, work, tempC);
  }
  const perKm = used / km;
  const drivenOverMeans = usedDriving / used;
  if (bus !== 'battery') {
    return {
      litresPer100Km: 100 * perKm,
      kwhPer100Km: NaN,
      energyMjPerKm: perKm * DIESEL_MJ_PER_L,
      co2GPerKm: perKm * CO2_KG_PER_L * 1000,
      costCnyPerKm: perKm * number('cnyPerL'),
      drivenOverMeans,
    };
  }
  const atMeter = perKm / number('chargingEfficiency');
  return {
    litresPer100Km: NaN,
    kwhPer100Km: 100 * perKm,
    energyMjPerKm: atMeter * MJ_PER_KWH,
    co2GPerKm: atMeter * number('gridKgPerKwh') * 1000,
    costCnyPerKm: atMeter * number('cnyPerKwh'),
    drivenOverMeans,
  };
}

/** Second by second, L or kWh. */
function takenDriving(bus: Bus, work: WheelWork, tempC: number): number {
  if (bus === 'battery') return batteryCycleKwh(work, tempC);
  return bus === 'hybrid' ? hybridCycleL(work, tempC) : dieselCycleL(work, tempC);
}

function checks({ settings, seeds, arms }: Outcome): Check[] {
  if (!temperatures(settings).includes(20)) return [];
  const at = (bus: Bus, speedKmh: number) => {
    let sum = 0;
    for (let seed = 1; seed <= seeds; seed++) sum += liveDay(bus, 20, speedKmh, seed, settings).litresPer100Km;
    return sum / seeds;
  };
  const ratio = (bus: Bus) => at(bus, SLOW_KMH) / at(bus, FAST_KMH);
  const rows = [
    check('diesel at 15 over 25 km/h', '1.20…1.30, Beijing', ratio('diesel'), 1.2, 1.3),
    check('hybrid at 15 over 25 km/h', '1.45…1.55, Beijing', ratio('hybrid'), 1.45, 1.55),
    check(
      'diesel, second by second over means',
      '1',
      arms[armName('diesel', 20)]!['drivenOverMeans']!.mean,
      0.96,
      1.04,
    ),
  ];
  if (settings['speedKmh'] !== 16) return rows;
  const litres = arms[armName('diesel', 20)]!['litresPer100Km']!.mean;
  return [check('diesel at 16 km/h, L/100 km', '32.6, Beijing', litres, 31.1, 34.1), ...rows];
}

function check(name: string, target: string, measured: number, low: number, high: number): Check {
  return { id: 'B8', name, target, measured, tolerance: `${low} to ${high}`, ok: measured >= low && measured <= high };
}

function verdict({ settings, arms }: Outcome): string {
  const speedKmh = Number(settings['speedKmh']);
  const grid = Number(settings['gridKgPerKwh']);
  const mean = (bus: Bus, tempC: number, kpi: string) => arms[armName(bus, tempC)]![kpi]!.mean;
  const less = (bus: Bus, tempC: number) => {
    const share = mean(bus, tempC, 'co2GPerKm') / mean('diesel', tempC, 'co2GPerKm') - 1;
    return `${Math.abs(100 * share).toFixed(0)} % ${share < 0 ? 'less' : 'more'}`;
  };
  const parts = temperatures(settings).map(
    (tempC) =>
      `at ${tempC} °C ${less('battery', tempC)} (${(mean('battery', tempC, 'kwhPer100Km') / 100).toFixed(2)} kWh/km), a hybrid ${less('hybrid', tempC)}`,
  );
  return `At ${speedKmh} km/h and a grid of ${grid} kg/kWh a battery bus gives off, against a diesel in the same weather: ${parts.join('; ')}.`;
}
