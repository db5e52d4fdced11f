// What a kind looks like on the map and what its colour means. Known systems by name; every other kind gets a neutral mark, coloured by
// a field when the reader chooses one. Built from descriptions only, so a kind from outside needs no code.
import type { Description, FieldDescription, Value } from '../../telemetry/description.ts';
import { numericFields } from '../live/fleet.ts';
import {
  DELAY_END_S,
  SPEED_END_MPS,
  UNKNOWN,
  clamp01,
  delayColour,
  parseHex,
  robustRange,
  viridis,
  type Rgb,
  type Theme,
} from './colour.ts';

export type System = 'bus' | 'vehicle' | 'parking' | 'meter' | 'other';
export type Sign = System | 'electricity' | 'gas' | 'weather';

const SYSTEM_COLOURS: { readonly [theme in Theme]: { readonly [system in System]: string } } = {
  dark: { bus: '#f2b134', vehicle: '#56b4e9', parking: '#b57edc', meter: '#2bb673', other: '#7fd1c7' },
  light: { bus: '#b87a00', vehicle: '#1f7fb8', parking: '#8a4fc0', meter: '#178a53', other: '#2c8c82' },
};
/** Kinds that share a system with others and are told apart by their own sign and colour. */
const OWN_SIGNS: { readonly [kind: string]: Sign } = {
  'electricity-meter': 'electricity',
  'gas-meter': 'gas',
  'weather-station': 'weather',
};
const OWN_COLOURS: { readonly [theme in Theme]: { readonly [kind: string]: string } } = {
  dark: { 'electricity-meter': '#d9dd5b', 'gas-meter': '#f08fb8', 'weather-station': '#a9b4c9' },
  light: { 'electricity-meter': '#7d7a00', 'gas-meter': '#b5407a', 'weather-station': '#5a6b8a' },
};
/** Views that are about no kind. */
const PLAIN_VIEWS = new Set(['overview', 'scenario', 'experiments', 'alarms', 'platform']);
/** Rail and layer order. */
const ORDER: readonly System[] = ['bus', 'vehicle', 'parking', 'meter', 'other'];

export function systemOf(kind: string): System {
  if (kind === 'bus') return 'bus';
  if (kind === 'vehicle') return 'vehicle';
  if (kind === 'parking' || kind.startsWith('parking-')) return 'parking';
  return kind.endsWith('-meter') ? 'meter' : 'other';
}

export function systemColour(system: System, theme: Theme): Rgb {
  return parseHex(SYSTEM_COLOURS[theme][system]);
}

export function kindSign(kind: string): Sign {
  return OWN_SIGNS[kind] ?? systemOf(kind);
}

export function kindColour(kind: string, theme: Theme): Rgb {
  const own = OWN_COLOURS[theme][kind];
  return own === undefined ? systemColour(systemOf(kind), theme) : parseHex(own);
}

export function inRailOrder<T extends { readonly kind: string }>(kinds: readonly T[]): T[] {
  return [...kinds].sort(
    (a, b) => ORDER.indexOf(systemOf(a.kind)) - ORDER.indexOf(systemOf(b.kind)) || a.kind.localeCompare(b.kind),
  );
}

/** Seen without asking: what moves, what is few, and the kind in view. Meters are many and still: only in their own view. */
export function shownByDefault(kind: string, view: string): boolean {
  if (view === kind) return true;
  const system = systemOf(kind);
  if (PLAIN_VIEWS.has(view)) return system !== 'meter';
  return system === 'bus' || system === 'other';
}

/** Field that colours the marks unless the reader chooses another; undefined: the system's colour. */
export function defaultColourField(description: Description): string | undefined {
  const { fields } = description;
  const system = systemOf(description.kind);
  if (system === 'bus' && fields.delayS !== undefined) return 'delayS';
  if (system === 'vehicle' && fields.speedMps !== undefined) return 'speedMps';
  if (system === 'parking' && fields.occupied !== undefined) return 'occupied';
  const numeric = numericFields(description).map(([name]) => name);
  const lively = numeric.find((name) => /flow|power|level|rate|conc|speed/i.test(name));
  return lively ?? numeric[0];
}

/** Field that colours a fleet: the reader's choice, else the usual one, else, while nobody reports that, the first one somebody reports. */
export function shownField(fleet: Shown, chosen: string | undefined): string | undefined {
  const usual = chosen ?? defaultColourField(fleet.description);
  if (chosen !== undefined || usual === undefined || reports(fleet, usual)) return usual;
  return numericFields(fleet.description).find(([name]) => reports(fleet, name))?.[0] ?? usual;
}

interface Shown {
  readonly description: Description;
  readonly fields: readonly { readonly [name: string]: Value }[];
}

function reports({ fields }: Shown, name: string): boolean {
  return fields.some((of) => of[name] !== undefined);
}

/** Colour of one device's value. range: the ends of the scale for fields that have no fixed one. */
export function markColour(
  system: System,
  field: string | undefined,
  value: Value | undefined,
  range: readonly [number, number] | undefined,
  theme: Theme,
): Rgb {
  if (field === 'occupied' && typeof value === 'boolean') return systemColour(system, theme);
  if (typeof value === 'boolean') return value ? systemColour(system, theme) : UNKNOWN;
  if (typeof value !== 'number' || field === undefined)
    return field === undefined ? systemColour(system, theme) : UNKNOWN;
  if (field === 'delayS') return delayColour(value, theme);
  const [low, high] = fixedRange(field) ?? range ?? [0, 1];
  return viridis(clamp01((value - low) / (high - low)), theme);
}

/** Fewer values than this say little about what is usual. */
const FEW = 5;

/** Ends of the scale of a field without a fixed one: the described limits for a few values, what is usual among many. */
export function valueRange(
  described: FieldDescription | undefined,
  values: readonly number[],
): readonly [number, number] | undefined {
  const { min, max } = described ?? {};
  const few = values.length > 0 && values.length < FEW;
  return few && min !== undefined && max !== undefined && min < max ? [min, max] : robustRange(values);
}

/** Scales that mean the same every day. */
export function fixedRange(field: string): readonly [number, number] | undefined {
  if (field === 'delayS') return [-DELAY_END_S, DELAY_END_S];
  if (field === 'occupancyRatio') return [0, 1];
  return field === 'speedMps' ? [0, SPEED_END_MPS] : undefined;
}
