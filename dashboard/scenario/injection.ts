// An event on its way from the reader's wish to the city: what, where, on which devices, for how long → args of `POST /api/scenario`.
// Whether it may happen is decided by the simulator.
import type { InjectableEvent } from '../../telemetry/messages.ts';

export type PlaceMode = 'everywhere' | 'circle' | 'district' | 'street';
export type TargetMode = 'all' | 'share' | 'count' | 'devices';
export type DurationUnit = 'm' | 'h' | 'd' | 'open';

/** All inputs as texts, as they stand in the form. */
export interface Draft {
  readonly entry: InjectableEvent;
  readonly placeMode: PlaceMode;
  readonly lat: string;
  readonly lon: string;
  readonly radiusM: number;
  readonly district: string;
  readonly street: string;
  readonly targetMode: TargetMode;
  /** Per cent, or a number of devices. */
  readonly target: string;
  readonly devices: readonly string[];
  readonly duration: string;
  readonly durationUnit: DurationUnit;
}

export type DraftProblem =
  | 'noPlace'
  | 'badCoordinates'
  | 'noDistrict'
  | 'noStreet'
  | 'badShare'
  | 'badCount'
  | 'badDuration';

export const LEAST_RADIUS_M = 50;
export const MOST_RADIUS_M = 10_000;
const SLIDER_END = 100;

export function newDraft(entry: InjectableEvent, devices: readonly string[] = []): Draft {
  return {
    entry,
    placeMode: entry.where === 'required' ? 'circle' : 'everywhere',
    lat: '',
    lon: '',
    radiusM: 500,
    district: '',
    street: '',
    targetMode: devices.length > 0 ? 'devices' : 'count',
    target: '1',
    devices,
    duration: '30',
    durationUnit: 'm',
  };
}

/** The centre as typed or clicked; undefined while it is none. */
export function centerOf({ lat, lon }: Pick<Draft, 'lat' | 'lon'>): { lat: number; lon: number } | undefined {
  const [north, east] = [lat, lon].map((text) => (text.trim() === '' ? NaN : Number(text)));
  const known = Math.abs(north!) <= 85 && Math.abs(east!) <= 180;
  return known ? { lat: north!, lon: east! } : undefined;
}

/** The command's args, the event's own among them, or what is still missing. */
export function injectionArgs(draft: Draft, eventArgs: object): { args: object } | { problem: DraftProblem } {
  const { entry, durationUnit, duration } = draft;
  const where = whereOf(draft);
  if (typeof where === 'string') return { problem: where };
  const target = entry.kind === undefined ? {} : targetOf(draft);
  if (typeof target === 'string') return { problem: target };
  const length = Number(duration);
  if (durationUnit !== 'open' && !(length > 0 && Number.isFinite(length))) return { problem: 'badDuration' };
  return {
    args: {
      event: entry.event,
      ...(entry.kind === undefined ? {} : { kind: entry.kind }),
      ...(where === undefined ? {} : { where }),
      ...target,
      ...(durationUnit === 'open' ? {} : { for: `${length}${durationUnit}` }),
      ...eventArgs,
    },
  };
}

function whereOf(draft: Draft): object | undefined | DraftProblem {
  if (draft.entry.where === 'none' || draft.targetMode === 'devices' || draft.placeMode === 'everywhere')
    return undefined;
  if (draft.placeMode === 'district') return draft.district === '' ? 'noDistrict' : { district: draft.district };
  if (draft.placeMode === 'street') return draft.street.trim() === '' ? 'noStreet' : { street: draft.street.trim() };
  const center = centerOf(draft);
  if (center !== undefined) return { ...center, radiusM: draft.radiusM };
  return draft.lat.trim() === '' && draft.lon.trim() === '' ? 'noPlace' : 'badCoordinates';
}

function targetOf({ targetMode, target, devices }: Draft): object | DraftProblem {
  if (targetMode === 'devices') return { devices };
  if (targetMode === 'all') return {};
  const size = Number(target);
  if (targetMode === 'share') return size > 0 && size <= 100 ? { share: size / 100 } : 'badShare';
  return Number.isInteger(size) && size > 0 ? { count: size } : 'badCount';
}

/** place: 0…100 → a radius in m with two significant digits, 50 m … 10 km. */
export function radiusAtSlider(place: number): number {
  const share = Math.min(1, Math.max(0, place / SLIDER_END));
  return Number((LEAST_RADIUS_M * (MOST_RADIUS_M / LEAST_RADIUS_M) ** share).toPrecision(2));
}

export function sliderOfRadius(radiusM: number): number {
  return Math.round((SLIDER_END * Math.log(radiusM / LEAST_RADIUS_M)) / Math.log(MOST_RADIUS_M / LEAST_RADIUS_M));
}
