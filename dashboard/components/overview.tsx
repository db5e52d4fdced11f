// Six numbers that say how the city is: value, what is normal, the last hour. Values come from the live devices, the line from history.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import type { AggregateAnswer, KindDescription } from '../answers.ts';
import { fleets } from '../live/fleet.ts';
import { busesUnderWay, meanOf, shareOf, valuesOf } from '../live/summary.ts';
import { SPEED_END_MPS } from '../map/colour.ts';
import { systemOf, type System } from '../map/looks.ts';
import { getJson } from '../rest.ts';
import { clock, counters, fleetStep, ingestState, kinds, language, openAlarms, rates, show } from '../session.ts';
import { formatCount, formatNumber, formatQuantity } from '../text/format.ts';
import { t } from '../i18n/text.ts';
import { AlarmList } from './alarms.tsx';
import { Sparkline } from './sparkline.tsx';

const HOUR_MS = 3_600_000;
const REFRESH_MS = 60_000;
/** Mean of the cars under way when the streets are empty, km/h: arterials and expressways carry most of them. */
const FREE_FLOW_KMH = 50;
const KMH_PER_MPS = 3.6;
/** Seconds of message rate that make one point of its line. */
const RATE_STEP_S = 10;

interface Card {
  readonly view: string;
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly normal: string;
  readonly line: readonly (number | null)[];
  readonly band?: readonly [number, number];
  readonly state: 'good' | 'watch' | 'bad';
}

/** Last hour by minute of `kind.field`, from the store. */
const hours = signal<{ readonly [key: string]: readonly (number | null)[] }>({});

export function Overview(): JSX.Element {
  const ready = kinds.value !== null;
  useEffect(() => {
    if (!ready) return undefined;
    loadHours();
    const timer = setInterval(loadHours, REFRESH_MS);
    return () => clearInterval(timer);
  }, [ready]);
  void fleetStep.value;
  const list = cards();
  return (
    <>
      <div class="kpis">
        {list.length === 0
          ? Array.from({ length: 6 }, (_, index) => <div key={index} class="kpi skeleton" />)
          : list.map((card) => <KpiCard key={card.label} {...card} />)}
      </div>
      <h3>{t('alarms')}</h3>
      <AlarmList alarms={openAlarms.value.slice(0, 5)} />
    </>
  );
}

function KpiCard({ view, label, value, unit, normal, line, band, state }: Card): JSX.Element {
  const spoken = `${label}: ${value} ${unit}, ${t('lastHour')}`;
  return (
    <button type="button" class="kpi" onClick={() => show(view)}>
      <span class="kpi-label">
        <i class={`state-dot state-${state}`} />
        {label}
      </span>
      <span class="kpi-value">
        {value}
        <small>{unit}</small>
      </span>
      <Sparkline values={line} label={spoken} band={band} />
      <span class="kpi-normal">{normal}</span>
    </button>
  );
}

function kindOf(system: System): KindDescription | undefined {
  return kinds.value?.find((kind) => systemOf(kind.kind) === system);
}

function cards(): Card[] {
  return [busCard(), speedCard(), parkingCard(), waterCard(), recordsCard(), alarmCard()].filter(
    (card) => card !== undefined,
  );
}

function busCard(): Card | undefined {
  const fleet = fleets.get(kindOf('bus')?.kind ?? '');
  if (fleet === undefined) return undefined;
  const underWay = busesUnderWay(fleet);
  const count = underWay.fields.length;
  const delayS = meanOf(underWay, 'delayS');
  const minutes = delayS === undefined ? '–' : formatNumber(Math.round(delayS / 6) / 10, language.value);
  return {
    view: fleet.description.kind,
    label: t('meanDelay'),
    value: minutes,
    unit: 'min',
    normal: count === 0 ? t('noService') : t('delayNormal', { n: formatCount(count, language.value) }),
    line: hours.value['bus.delayS'] ?? [],
    band: [-180, 180],
    state: delayS !== undefined && Math.abs(delayS) > 180 ? 'watch' : 'good',
  };
}

function speedCard(): Card | undefined {
  const kind = kindOf('vehicle');
  const fleet = fleets.get(kind?.kind ?? '');
  if (fleet === undefined) return undefined;
  const speed = meanOf(fleet, 'speedMps');
  return {
    view: fleet.description.kind,
    label: t('streetSpeed'),
    value: speed === undefined ? '–' : formatNumber(speed * KMH_PER_MPS, language.value),
    unit: 'km/h',
    normal: t('speedNormal', { free: FREE_FLOW_KMH }),
    line: hours.value[`${fleet.description.kind}.speedMps`] ?? [],
    band: [0.5 * SPEED_END_MPS, SPEED_END_MPS],
    state: speed !== undefined && speed * KMH_PER_MPS < FREE_FLOW_KMH / 3 ? 'watch' : 'good',
  };
}

function parkingCard(): Card | undefined {
  const fleet = fleets.get(kindOf('parking')?.kind ?? '');
  if (fleet === undefined) return undefined;
  const share = shareOf(fleet, 'occupied');
  return {
    view: fleet.description.kind,
    label: t('parkingOccupancy'),
    value: share === undefined ? '–' : formatNumber(100 * share, language.value),
    unit: '%',
    normal: t('occupancyNormal'),
    line: hours.value[`${fleet.description.kind}.occupied`] ?? [],
    state: share !== undefined && share > 0.85 ? 'watch' : 'good',
  };
}

function waterCard(): Card | undefined {
  const kind = kinds.value?.find(({ kind }) => kind === 'water-meter');
  const fleet = fleets.get(kind?.kind ?? '');
  const field = kind === undefined ? undefined : flowField(kind);
  if (fleet === undefined || kind === undefined || field === undefined) return undefined;
  const read = valuesOf(fleet, field);
  const { unit } = kind.fields[field]!;
  const mean = meanOf(fleet, field);
  const flow = mean === undefined ? { value: '–', unit } : formatQuantity(mean, unit, language.value);
  return {
    view: kind.kind,
    label: t('waterFlow'),
    ...flow,
    normal: t('waterNormal', { n: formatCount(read.length, language.value) }),
    line: hours.value[`${kind.kind}.${field}`] ?? [],
    state: 'good',
  };
}

function flowField(kind: KindDescription): string | undefined {
  return Object.keys(kind.fields).find((name) => /flow/i.test(name) && !/min|max|least|most/i.test(name));
}

function recordsCard(): Card {
  const recent = rates.value;
  const mean = recent.slice(-RATE_STEP_S).reduce((sum, point, _, all) => sum + point.perS / all.length, 0);
  const line: number[] = [];
  for (let end = recent.length; end >= RATE_STEP_S; end -= RATE_STEP_S) {
    line.unshift(recent.slice(end - RATE_STEP_S, end).reduce((sum, point) => sum + point.perS, 0) / RATE_STEP_S);
  }
  const ingest = counters.value?.ingest;
  return {
    view: 'platform',
    label: t('records'),
    value: recent.length === 0 ? '–' : formatNumber(mean >= 10 ? Math.round(mean) : mean, language.value),
    unit: t('recordsUnit'),
    normal: t('recordsNormal', { total: formatCount(ingest?.stored ?? 0, language.value) }),
    line,
    state: ingestState.value.all,
  };
}

function alarmCard(): Card {
  const count = openAlarms.value.length;
  const critical = openAlarms.value.some((alarm) => alarm.severity === 'critical');
  return {
    view: 'alarms',
    label: t('openAlarms'),
    value: formatCount(count, language.value),
    unit: '',
    normal: t('alarmsNormal'),
    line: [],
    state: critical ? 'bad' : count > 0 ? 'watch' : 'good',
  };
}

function loadHours(): void {
  for (const kind of kinds.peek() ?? []) {
    const system = systemOf(kind.kind);
    if (system === 'bus') void loadHour(kind.kind, 'delayS', '1m');
    if (system === 'vehicle') void loadHour(kind.kind, 'speedMps', '1m');
    if (system === 'parking') void loadHour(kind.kind, 'occupied', '1m');
    const field = kind.kind === 'water-meter' ? flowField(kind) : undefined;
    if (field !== undefined) void loadHour(kind.kind, field, '1m');
  }
}

async function loadHour(kind: string, field: string, every: string): Promise<void> {
  const to = Math.round(clock.peek()?.simTimeMs ?? Date.now());
  const query = `kind=${kind}&field=${field}&every=${every}&agg=mean&groupBy=kind&from=${to - HOUR_MS}&to=${to}`;
  try {
    const answer = await getJson<AggregateAnswer>(`/api/aggregate?${query}`);
    hours.value = { ...hours.peek(), [`${kind}.${field}`]: answer.groups[0]?.value ?? [] };
  } catch {
    // The card keeps its live value; a line without history stays empty.
  }
}
