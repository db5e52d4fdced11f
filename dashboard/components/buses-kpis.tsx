// Six numbers about the service, of the city or of the chosen line: now, the last hour, and what is normal. Changes of policy are marked in
// the lines, so that their effect is seen.
import type { JSX } from 'preact';
import type { HistoryAnswer } from '../answers.ts';
import { isSilent, policySwitches, switchesOf } from '../buses/centre.ts';
import { HOUR_MIN, LEVELS, byMinute, levelOf, stateOf, type Regularity } from '../buses/quality.ts';
import { centreHistory, centreKind, centreSeen, chosenLine, hours, lines, means } from '../buses/state.ts';
import { sentCommands } from '../commands.ts';
import { t } from '../i18n/text.ts';
import { fleets } from '../live/fleet.ts';
import { drawTime, simClock } from '../live/sim-clock.ts';
import { busesUnderWay, meanOf } from '../live/summary.ts';
import { clock, fleetStep, kinds, language, wallMs } from '../session.ts';
import { formatFixed } from '../text/format.ts';
import { Sparkline } from './sparkline.tsx';

/** London's buses kept to 57 s in 2011, the best year of a large network (Transport for London); a minute is a fair target. */
const EXCESS_WAIT_TARGET_S = 60;
/** Of departures (engineering estimate: headways of level C rarely leave a quarter of the plan). */
const BUNCHED_USUAL = 0.05;
/** A departure counts as punctual within these (usual in punctuality statistics). */
const PUNCTUAL_S = [-60, 300] as const;
/** 34 of 80 places are seats; above three quarters standing is dense. */
const SEATED = 34 / 80;
const FULL = 0.75;
/** Mean absolute error 10 min ahead (engineering estimate). */
const ETA_TARGET_S = 75;

interface Gauge {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly normal: string;
  readonly line: readonly (number | null)[];
  readonly band?: readonly [number, number];
  readonly state: 'good' | 'watch' | 'bad' | 'unknown';
  /** Of headways, for the scale of levels. */
  readonly cv?: number;
}

export function BusesKpis(): JSX.Element {
  void [fleetStep.value, wallMs.value];
  if (lines.value === null)
    return (
      <div class="kpis" aria-label={t('loading')}>
        {Array.from({ length: 6 }, (_, index) => (
          <div key={index} class="kpi skeleton" />
        ))}
      </div>
    );
  const nowMs = clock.value?.simTimeMs ?? 0;
  const switches = switchesOf(policySwitches(centreHistory.value, sentCommands.value), chosenLine.value);
  const marks = switches.map(({ ts }) => HOUR_MIN - (nowMs - ts) / 60_000).filter((minute) => minute >= 0);
  return (
    <div class="kpis bus-kpis" data-testid="bus-kpis">
      {gauges().map((gauge) => (
        <GaugeCard key={gauge.name} {...gauge} marks={marks} />
      ))}
    </div>
  );
}

function GaugeCard({
  name,
  label,
  value,
  unit,
  normal,
  line,
  band,
  state,
  cv,
  marks,
}: Gauge & { readonly marks: readonly number[] }): JSX.Element {
  const spoken = `${label}: ${value} ${unit}, ${t('lastHour')}`;
  return (
    <div class="kpi" data-testid={`gauge-${name}`}>
      <span class="kpi-label">
        <i class={`state-dot state-${state}`} />
        {label}
      </span>
      <span class="kpi-value">
        {value}
        <small>{unit}</small>
        {cv !== undefined && <b class={`level level-${stateOf(levelOf(cv))}`}>{levelOf(cv)}</b>}
      </span>
      <Sparkline values={line} label={spoken} band={band} marks={marks} />
      {cv !== undefined && <LevelScale cv={cv} />}
      <span class="kpi-normal">{normal}</span>
    </div>
  );
}

const SCALE_END = 1;

/** The levels of service on a line, and where the service stands. */
function LevelScale({ cv }: { readonly cv: number }): JSX.Element {
  const ends = [0, ...LEVELS, SCALE_END];
  return (
    <span class="level-scale" aria-hidden="true">
      {ends.slice(1).map((end, index) => (
        <i
          key={end}
          class={`level-part level-${stateOf('ABCDEF'.charAt(index) as 'A')}`}
          style={{ flexGrow: end - ends[index]! }}
        >
          {'ABCDEF'.charAt(index)}
        </i>
      ))}
      <b class="level-now" style={{ left: `${100 * Math.min(1, cv / SCALE_END)}%` }} />
    </span>
  );
}

function gauges(): Gauge[] {
  const now = regularityNow();
  const key = chosenLine.value ?? '';
  const trend = (name: keyof Regularity): (number | null)[] => (hours.value[key] ?? []).map((at) => at?.[name] ?? null);
  return [
    cvGauge(now?.headwayCv, trend('headwayCv')),
    waitGauge(now?.excessWaitS, trend('excessWaitS')),
    bunchedGauge(now?.bunchedShare, trend('bunchedShare')),
    delayGauge(),
    loadGauge(),
    etaGauge(),
  ];
}

/** Of a line by the api, of the city by the dispatch centre; where that is silent, as the page counts it. */
function regularityNow(): Partial<Regularity> | undefined {
  const line = chosenLine.value;
  const counted = hours.value[line ?? '']?.at(-1);
  if (line === null) {
    const seen = centreSeen();
    const { headwayCv, excessWaitS, bunchedShare } = seen === undefined || centreIsSilent() ? {} : seen.fields;
    const told = numbersOf({ headwayCv, excessWaitS, bunchedShare });
    return told.headwayCv === undefined ? counted : told;
  }
  const told = numbersOf(lines.value?.find((other) => other.line === line) ?? {});
  return told.headwayCv === undefined ? counted : told;
}

function numbersOf(of: { readonly [name in keyof Regularity]?: unknown }): Partial<Regularity> {
  const names = ['headwayCv', 'excessWaitS', 'bunchedShare'] as const;
  return Object.fromEntries(names.flatMap((name) => (typeof of[name] === 'number' ? [[name, of[name]]] : [])));
}

/** Its newest state comes with the first frames. */
const FIRST_FRAMES_MS = 8_000;

/** False while it is not known yet. */
export function centreIsSilent(): boolean {
  const seen = centreSeen();
  if (seen !== undefined) return isSilent(seen, timeNow());
  return kinds.value !== null && (centreKind.value === undefined || performance.now() > FIRST_FRAMES_MS);
}

export function timeNow(): { simMs: number; wallMs: number; speed: number } {
  const { simMs, wallMs } = drawTime();
  return { simMs, wallMs, speed: simClock.running };
}

function shown(value: number | undefined, decimals: number): string {
  return value === undefined ? '–' : formatFixed(value, decimals, language.value);
}

function cvGauge(cv: number | undefined, line: readonly (number | null)[]): Gauge {
  return {
    name: 'cv',
    label: t('headwayCv'),
    value: shown(cv, 2),
    unit: '',
    normal: cv === undefined ? t('tooFew') : t('headwayCvNormal', { level: levelOf(cv) }),
    line,
    band: [0, LEVELS[2]],
    state: cv === undefined ? 'unknown' : stateOf(levelOf(cv)),
    ...(cv === undefined ? {} : { cv }),
  };
}

function waitGauge(waitS: number | undefined, line: readonly (number | null)[]): Gauge {
  return {
    name: 'wait',
    label: t('excessWait'),
    value: shown(waitS, 0),
    unit: 's',
    normal: t('excessWaitNormal', { target: EXCESS_WAIT_TARGET_S }),
    line,
    band: [0, EXCESS_WAIT_TARGET_S],
    state: waitS === undefined ? 'unknown' : waitS <= EXCESS_WAIT_TARGET_S ? 'good' : 'watch',
  };
}

function bunchedGauge(share: number | undefined, line: readonly (number | null)[]): Gauge {
  return {
    name: 'bunched',
    label: t('bunchedShare'),
    value: share === undefined ? '–' : shown(100 * share, 1),
    unit: '%',
    normal: t('bunchedNormal', { usual: 100 * BUNCHED_USUAL }),
    line: line.map((value) => (value === null ? null : 100 * value)),
    band: [0, 100 * BUNCHED_USUAL],
    state: share === undefined ? 'unknown' : share <= BUNCHED_USUAL ? 'good' : 'watch',
  };
}

/** Buses under way, of the chosen line or all. */
function busesNow(): { fields: { readonly [name: string]: unknown }[] } & Parameters<typeof meanOf>[0] {
  const fleet = fleets.get('bus');
  const line = chosenLine.value;
  const { fields } = busesUnderWay(fleet ?? { fields: [] });
  return { fields: line === null ? fields : fields.filter((of) => of.line === line) };
}

function delayGauge(): Gauge {
  const delayS = meanOf(busesNow(), 'delayS');
  const line = means.value[`delayS ${chosenLine.value ?? ''}`] ?? [];
  const [early, late] = PUNCTUAL_S;
  return {
    name: 'delay',
    label: t('meanDelayLine'),
    value: delayS === undefined ? '–' : shown(delayS / 60, 1),
    unit: 'min',
    normal: t('delayUsual'),
    line,
    band: PUNCTUAL_S,
    state: delayS === undefined ? 'unknown' : delayS >= early && delayS <= late ? 'good' : 'watch',
  };
}

function loadGauge(): Gauge {
  const share = meanOf(busesNow(), 'occupancyRatio');
  return {
    name: 'load',
    label: t('occupancy'),
    value: share === undefined ? '–' : shown(100 * share, 0),
    unit: '%',
    normal: t('occupancyNormal2', { seats: Math.round(100 * SEATED), full: 100 * FULL }),
    line: means.value[`occupancyRatio ${chosenLine.value ?? ''}`] ?? [],
    band: [0, FULL],
    state: share === undefined ? 'unknown' : share <= FULL ? 'good' : 'watch',
  };
}

/** The centre predicts for the whole city. */
function etaGauge(): Gauge {
  const silent = centreIsSilent();
  const errorS = silent ? undefined : centreSeen()?.fields.etaErrorS;
  const known = typeof errorS === 'number' ? errorS : undefined;
  const normal = chosenLine.value === null ? t('etaErrorNormal', { target: ETA_TARGET_S }) : t('etaWholeCity');
  return {
    name: 'eta',
    label: t('etaError'),
    value: shown(known, 0),
    unit: 's',
    normal: silent ? t('noCentreNoEta') : normal,
    line: silent ? [] : etaByMinute(),
    band: [0, ETA_TARGET_S],
    state: known === undefined ? 'unknown' : known <= ETA_TARGET_S ? 'good' : 'watch',
  };
}

const NO_HISTORY: HistoryAnswer = { ts: [] };

/** The centre's own history, one value a minute of the last hour. */
function etaByMinute(): (number | null)[] {
  const { ts, etaErrorS = [] } = centreHistory.value ?? NO_HISTORY;
  const known = etaErrorS.map((value) => (typeof value === 'number' ? value : null));
  const minutes = byMinute(ts, known, clock.value?.simTimeMs ?? 0);
  // Reports further apart than a minute are no gaps.
  return minutes.map((value, index) => value ?? minutes[index - 1] ?? null);
}
