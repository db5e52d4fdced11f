// The twelve questions to a fleet, after the IoT use case of the Time Series Benchmark Suite (github.com/timescale/tsbs), for any kind of
// device: which field is speed, level or load is the caller's to say. Each is answered from what fleet.ts gives; HTTP is not known here.
import { Type } from 'typebox';
import type { Static, TObject, TProperties } from 'typebox';
import { parseEvery } from '../parameters.ts';
import { Problem } from '../problems.ts';
import type { Fleet } from './fleet.ts';
import { DAY_MS, HOUR_MS, activeStarts, dayOf, meanOf, midnightBefore, sessionsOf } from './windows.ts';

export interface Question {
  readonly name: string;
  readonly summary: string;
  /** How far back it looks unless told: ms, or the week of civil days that ends with the newest record's. */
  readonly spanMs: number | 'week';
  readonly parameters: TProperties;
  readonly item: TProperties;
  answer(fleet: Fleet, parameters: never): Promise<readonly object[]>;
}

const MINUTE_MS = 60_000;
/** m/s, km/h or whatever the field's unit is: slower than this is standing. */
const STANDING = 1;

const FIELD = Type.String({ description: 'A field of the kind that is no text; true counts as 1', maxLength: 64 });
const ABOVE = Type.Number({ description: "In the field's unit" });
const DURATION = { maxLength: 10, examples: ['10m'] };
const WINDOW = Type.String({
  ...DURATION,
  default: '10m',
  description: 'At most 1d; from multiples of it since 1970 on',
});
const MOVING = {
  field: FIELD,
  above: Type.Number({
    default: STANDING,
    description: 'A window counts when the mean of the field in it is above this',
  }),
  window: WINDOW,
};
const DEVICE = Type.String();
const GROUP = Type.Union([Type.String(), Type.Null()], { description: 'null: the device has named none in the range' });
const TS = Type.Integer({ description: 'ms since 1970' });
const VALUE = Type.Number();
const DAY = Type.String({ description: 'Civil day of the city', examples: ['2026-05-18'] });
const DEVICES = Type.Integer({ description: 'How many it is about' });
const OF_DEVICE = { device: DEVICE, group: GROUP };

export const QUESTIONS: readonly Question[] = [
  question({
    name: 'last-location',
    summary: 'Where each device was last',
    spanMs: DAY_MS,
    parameters: {},
    item: { ...OF_DEVICE, ts: TS, lat: VALUE, lon: VALUE },
    answer: async (fleet) =>
      (await fleet.newest(['lat', 'lon'])).map(({ device, ts, fields: { lat, lon } }) => ({
        device,
        group: fleet.groupOf(device),
        ts,
        lat,
        lon,
      })),
  }),
  question({
    name: 'low-fuel',
    summary: 'Devices whose newest value is below a limit',
    spanMs: DAY_MS,
    parameters: { field: FIELD, below: ABOVE },
    item: { ...OF_DEVICE, ts: TS, value: VALUE },
    answer: async (fleet, { field, below }) => (await newestValues(fleet, field)).filter(({ value }) => value < below),
  }),
  question({
    name: 'high-load',
    summary: 'Devices whose newest value is above a limit',
    spanMs: DAY_MS,
    parameters: { field: FIELD, above: ABOVE },
    item: { ...OF_DEVICE, ts: TS, value: VALUE },
    answer: async (fleet, { field, above }) => (await newestValues(fleet, field)).filter(({ value }) => value > above),
  }),
  question({
    name: 'stationary',
    summary: 'Devices whose mean over the range is below a limit',
    spanMs: 10 * MINUTE_MS,
    parameters: { field: FIELD, below: Type.Number({ default: STANDING, description: "In the field's unit" }) },
    item: { ...OF_DEVICE, mean: VALUE },
    answer: async (fleet, { field, below }) =>
      (await fleet.overall(field, 'mean'))
        .filter(({ value }) => value < below)
        .map(({ device, value }) => ({ device, group: fleet.groupOf(device), mean: value })),
  }),
  question({
    name: 'long-driving-sessions',
    summary: 'Devices that moved for longer than so long in the range, all together',
    spanMs: 4 * HOUR_MS,
    // Rests less than 5 minutes an hour.
    parameters: { ...MOVING, longer: Type.String({ ...DURATION, default: '220m' }) },
    item: { ...OF_DEVICE, hours: VALUE },
    answer: async (fleet, parameters) => {
      const longerMs = parseEvery(parameters.longer, 'longer');
      return (await moving(fleet, parameters))
        .map(({ device, starts, windowMs }) => ({ device, ms: starts.length * windowMs }))
        .filter(({ ms }) => ms > longerMs)
        .map(({ device, ms }) => ({ device, group: fleet.groupOf(device), hours: ms / HOUR_MS }));
    },
  }),
  question({
    name: 'long-daily-sessions',
    summary: 'Devices and days on which they moved for longer than so long, all together',
    spanMs: 'week',
    parameters: { ...MOVING, longer: Type.String({ ...DURATION, default: '10h' }) },
    item: { ...OF_DEVICE, day: DAY, hours: VALUE },
    answer: async (fleet, parameters) => {
      const longerMs = parseEvery(parameters.longer, 'longer');
      return (await moving(fleet, parameters)).flatMap(({ device, days, windowMs }) =>
        [...days]
          .filter(([, starts]) => starts.length * windowMs > longerMs)
          .map(([midnight, starts]) => ({
            device,
            group: fleet.groupOf(device),
            day: dayName(fleet, midnight),
            hours: hoursOf(starts, windowMs),
          })),
      );
    },
  }),
  question({
    name: 'avg-vs-projected-consumption',
    summary: 'What a group used for so much of something else, by counters, next to what was projected',
    spanMs: 'week',
    parameters: {
      field: Type.String({ description: 'A counter of what is used, like energyKwh', maxLength: 64 }),
      per: Type.String({ description: 'A counter of what it is used for, like odometerM', maxLength: 64 }),
      amount: Type.Number({ default: 1, exclusiveMinimum: 0, description: 'Consumption is for so much of per' }),
      projected: Type.Number({ exclusiveMinimum: 0, description: 'Of field for this amount of per' }),
      window: Type.String({ ...DURATION, default: '1h', description: 'How often the counters are looked at' }),
    },
    item: {
      group: GROUP,
      devices: DEVICES,
      used: VALUE,
      per: VALUE,
      actual: Type.Union([VALUE, Type.Null()], { description: 'null: nothing of per' }),
      projected: VALUE,
      ratio: Type.Union([VALUE, Type.Null()], { description: 'actual / projected' }),
    },
    answer: async (fleet, { field, per, amount, projected, window }) => {
      const windowMs = parseEvery(window, 'window');
      const used = await fleet.rise(field, windowMs);
      const way = await fleet.rise(per, windowMs);
      const both = [...used].filter(([device]) => way.has(device)).map(([device, rise]) => ({ device, rise }));
      return byGroup(fleet, both).map(([group, members]) => {
        const sums = { used: 0, per: 0 };
        for (const { device, rise } of members) {
          sums.used += rise;
          sums.per += way.get(device)!;
        }
        const actual = sums.per > 0 ? (amount * sums.used) / sums.per : null;
        return { group, devices: members.length, ...sums, actual, projected, ratio: actual && actual / projected };
      });
    },
  }),
  question({
    name: 'avg-daily-driving-duration',
    summary: 'How long a device moved on the days on which it did, on average',
    spanMs: 'week',
    parameters: MOVING,
    item: { ...OF_DEVICE, days: DEVICES, meanHours: VALUE },
    answer: async (fleet, parameters) =>
      (await moving(fleet, parameters))
        .filter(({ days }) => days.size > 0)
        .map(({ device, days, windowMs }) => ({
          device,
          group: fleet.groupOf(device),
          days: days.size,
          meanHours: meanOf([...days.values()].map((starts) => hoursOf(starts, windowMs))),
        })),
  }),
  question({
    name: 'avg-daily-driving-session',
    summary: 'How long a device moved without a break, on average of those that began on a day',
    spanMs: 'week',
    parameters: MOVING,
    item: { ...OF_DEVICE, day: DAY, sessions: DEVICES, meanHours: VALUE },
    answer: async (fleet, parameters) =>
      (await moving(fleet, parameters)).flatMap(({ device, starts, windowMs }) => {
        const sessions = sessionsOf(starts, windowMs);
        const days = Map.groupBy(sessions, ({ fromMs }) => midnightBefore(fromMs, fleet.range.utcOffsetMin));
        return [...days].map(([midnight, some]) => ({
          device,
          group: fleet.groupOf(device),
          day: dayName(fleet, midnight),
          sessions: some.length,
          meanHours: meanOf(some.map(({ fromMs, toMs }) => (toMs - fromMs) / HOUR_MS)),
        }));
      }),
  }),
  question({
    name: 'avg-load',
    summary: 'Mean of the means of the devices of a group',
    spanMs: 'week',
    parameters: { field: FIELD },
    item: { group: GROUP, devices: DEVICES, mean: VALUE },
    answer: async (fleet, { field }) =>
      byGroup(fleet, await fleet.overall(field, 'mean')).map(([group, members]) => ({
        group,
        devices: members.length,
        mean: meanOf(members.map(({ value }) => value)),
      })),
  }),
  question({
    name: 'daily-activity',
    summary: 'Hours in which the devices of a group were active, by day',
    spanMs: 'week',
    parameters: MOVING,
    item: { group: GROUP, day: DAY, devices: DEVICES, hours: Type.Number({ description: 'Of all of them together' }) },
    answer: async (fleet, parameters) =>
      byGroup(fleet, await moving(fleet, parameters)).flatMap(([group, members]) => {
        const days = new Map<number, { devices: number; hours: number }>();
        for (const { reported, days: active, windowMs } of members) {
          for (const day of reported) {
            const { devices, hours } = days.get(day) ?? { devices: 0, hours: 0 };
            days.set(day, { devices: devices + 1, hours: hours + hoursOf(active.get(day) ?? [], windowMs) });
          }
        }
        const inOrder = [...days].sort(([a], [b]) => a - b);
        return inOrder.map(([midnight, sums]) => ({ group, day: dayName(fleet, midnight), ...sums }));
      }),
  }),
  question({
    name: 'breakdown-frequency',
    summary: 'How often an event was raised in a group',
    spanMs: 'week',
    parameters: { event: Type.String({ default: 'breakdown', maxLength: 64 }) },
    item: { group: GROUP, devices: DEVICES, count: Type.Integer({ minimum: 0 }) },
    answer: async (fleet, { event }) => {
      const raised = Map.groupBy(await fleet.events(event), ({ device }) => device);
      const devices = new Set([...(await fleet.devices()), ...raised.keys()]);
      const members = [...devices].map((device) => ({ device, count: raised.get(device)?.length ?? 0 }));
      return byGroup(fleet, members).map(([group, some]) => ({
        group,
        devices: some.length,
        count: some.reduce((sum, { count }) => sum + count, 0),
      }));
    },
  }),
];

/** Gives `answer` the types of its parameters. */
function question<P extends TProperties>(
  definition: Omit<Question, 'parameters' | 'answer'> & {
    readonly parameters: P;
    answer(fleet: Fleet, parameters: Static<TObject<P>>): Promise<readonly object[]>;
  },
): Question {
  return definition;
}

async function newestValues(fleet: Fleet, field: string) {
  return (await fleet.newest([field])).map(({ device, ts, fields }) => ({
    device,
    group: fleet.groupOf(device),
    ts,
    value: Number(fields[field]),
  }));
}

/** Of each device with a value: when it moved, by civil midnight too, and on which days it reported. */
async function moving(fleet: Fleet, { field, above, window }: { field: string; above: number; window: string }) {
  const windowMs = parseEvery(window, 'window');
  if (windowMs > DAY_MS) throw new Problem(400, `window must be at most 1d, got ${window}`, { value: window });
  const day = (ms: number) => midnightBefore(ms, fleet.range.utcOffsetMin);
  return (await fleet.windows(field, 'mean', windowMs)).map((windows) => {
    const starts = activeStarts(windows, above);
    const reported = new Set(windows.ts.filter((_, at) => windows.value[at] !== null).map(day));
    return { device: windows.device, windowMs, starts, days: Map.groupBy(starts, day), reported };
  });
}

function dayName(fleet: Fleet, ms: number): string {
  return dayOf(ms, fleet.range.utcOffsetMin);
}

function hoursOf(starts: readonly number[], windowMs: number): number {
  return (starts.length * windowMs) / HOUR_MS;
}

/** In order of names; devices without a group last. */
function byGroup<T extends { readonly device: string }>(fleet: Fleet, members: readonly T[]): [string | null, T[]][] {
  const groups = [...Map.groupBy(members, ({ device }) => fleet.groupOf(device))];
  return groups.sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1));
}
