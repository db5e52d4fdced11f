// GTFS-Realtime alerts: buses that have broken down, and what happens to the city that riders of a line should know. What a rider cannot
// act on (a full bus, two buses close together) is in the other feeds.
import type { ScenarioEventState } from '../../telemetry/messages.ts';
import type { Labels } from '../../telemetry/description.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import type { Alarm } from '../alarms.ts';
import type { Alert, EntitySelector, FeedEntity, TranslatedText } from './feed-message.ts';
import { distanceM, distanceToLineM } from './geometry.ts';
import type { LatLon } from './geometry.ts';

/** A line's way is on a street, or in a circle, when the middle of one of its parts is this near, m. */
const ON_STREET_M = 40;
/** Selectors of one alert; a city-wide one names the agency instead. */
const MAX_SELECTORS = 200;

interface Cause {
  readonly cause: Alert['cause'];
  readonly effect: Alert['effect'];
  readonly severityLevel: Alert['severityLevel'];
  readonly text: { readonly en: string; readonly zh: string };
}

const BREAKDOWN: Cause = {
  cause: 'TECHNICAL_PROBLEM',
  effect: 'SIGNIFICANT_DELAYS',
  severityLevel: 'SEVERE',
  text: { en: 'A bus has broken down', zh: '车辆故障' },
};
/** Of the events that a scenario can have: those that change what a bus does, or what is known of it. */
const CITY_EVENTS: { readonly [event: string]: Cause } = {
  'road-closed': {
    cause: 'CONSTRUCTION',
    effect: 'SIGNIFICANT_DELAYS',
    severityLevel: 'WARNING',
    text: { en: 'Road closed, buses pass slowly', zh: '道路封闭，公交车缓慢通过' },
  },
  crowd: {
    cause: 'OTHER_CAUSE',
    effect: 'SIGNIFICANT_DELAYS',
    severityLevel: 'INFO',
    text: { en: 'Many people, buses may be full', zh: '客流较大，车厢可能拥挤' },
  },
  'day-type': {
    cause: 'OTHER_CAUSE',
    effect: 'MODIFIED_SERVICE',
    severityLevel: 'INFO',
    text: { en: 'Traffic and riders of another sort of day', zh: '客流按其他日期类型变化' },
  },
  'network-outage': {
    cause: 'TECHNICAL_PROBLEM',
    effect: 'OTHER_EFFECT',
    severityLevel: 'INFO',
    text: { en: 'Positions of buses may be missing', zh: '公交车位置可能缺失' },
  },
  'control-outage': {
    cause: 'TECHNICAL_PROBLEM',
    effect: 'OTHER_EFFECT',
    severityLevel: 'INFO',
    text: { en: 'Arrival times follow the timetable', zh: '到站时间按时刻表推算' },
  },
};

/** What the routes and trips of a broken bus are; undefined when nobody knows its line. */
export type SelectorOf = (bus: string) => EntitySelector | undefined;

export function breakdownEntities(alarms: readonly Alarm[], selectorOf: SelectorOf): FeedEntity[] {
  return alarms.flatMap(({ id, kind, device, name, raisedAt }) => {
    if (kind !== 'bus' || name !== 'breakdown') return [];
    const selector = selectorOf(device);
    if (selector?.routeId === undefined) return [];
    const line = selector.routeId;
    const header = { en: `Line ${line}: ${lower(BREAKDOWN.text.en)}`, zh: `${line}路：${BREAKDOWN.text.zh}` };
    const text = {
      en: `Bus ${device} of line ${line} stands until it is repaired. Buses behind it go on.`,
      zh: `${line}路 ${device} 号车正在等待维修，后续车辆正常运行。`,
    };
    return [{ id: `alert-${id}`, alert: alertOf(BREAKDOWN, raisedAt, undefined, [selector], header, text) }];
  });
}

/** streetOf: the chains of places that a street is drawn as. */
export function cityEntities(
  timeline: readonly ScenarioEventState[],
  agencyId: string,
  timetables: readonly LineTimetable[],
  streetOf: (name: string) => readonly (readonly LatLon[])[],
): FeedEntity[] {
  return timeline.flatMap((event) => {
    const cause = Object.hasOwn(CITY_EVENTS, event.event) ? CITY_EVENTS[event.event] : undefined;
    if (cause === undefined || event.state !== 'happening') return [];
    const selectors = selectorsOf(event, agencyId, timetables, streetOf);
    if (selectors.length === 0) return [];
    const text = { en: event.detail || cause.text.en, zh: cause.text.zh };
    return [
      { id: `alert-${event.id}`, alert: alertOf(cause, event.fromMs, event.untilMs, selectors, cause.text, text) },
    ];
  });
}

function selectorsOf(
  { lat, lon, radiusM, street }: ScenarioEventState,
  agencyId: string,
  timetables: readonly LineTimetable[],
  streetOf: (name: string) => readonly (readonly LatLon[])[],
): EntitySelector[] {
  const drawn = street === undefined ? [] : streetOf(street);
  const isHere =
    drawn.length > 0
      ? (place: LatLon) => drawn.some((line) => distanceToLineM(place, line) <= ON_STREET_M)
      : lat !== undefined && lon !== undefined && radiusM !== undefined
        ? (place: LatLon) => distanceM(place, [lat, lon]) <= radiusM
        : undefined;
  if (isHere === undefined) return [{ agencyId }];
  const passing = timetables.filter(({ patterns }) => patterns.some(({ shape }) => middles(shape).some(isHere)));
  return passing.slice(0, MAX_SELECTORS).map(({ line }) => ({ routeId: line }));
}

function middles(shape: readonly LatLon[]): LatLon[] {
  return shape.slice(1).map(([lat, lon], at) => [(lat + shape[at]![0]) / 2, (lon + shape[at]![1]) / 2]);
}

function alertOf(
  { cause, effect, severityLevel }: Cause,
  fromMs: number,
  untilMs: number | undefined,
  informedEntity: readonly EntitySelector[],
  header: Labels & { readonly en: string },
  text: Labels & { readonly en: string },
): Alert {
  const end = untilMs === undefined ? {} : { end: Math.ceil(untilMs / 1000) };
  return {
    activePeriod: [{ start: Math.floor(fromMs / 1000), ...end }],
    informedEntity,
    cause,
    effect,
    headerText: translated(header),
    descriptionText: translated(text),
    severityLevel,
  };
}

function translated(texts: Labels): TranslatedText {
  return { translation: Object.entries(texts).map(([language, text]) => ({ text, language })) };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
