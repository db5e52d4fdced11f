// One experiment in the wide area: a bar with a 95 % whisker for each arm, the difference from the baseline, and checks against published values.
import type { JSX } from 'preact';
import { signal } from '@preact/signals';
import type { ExperimentArm, ExperimentDifference, ExperimentKpi, ExperimentReport } from '../buses/answers.ts';
import { policyName } from '../buses/words.ts';
import { language } from '../session.ts';
import { formatNumber } from '../text/format.ts';
import { t } from '../i18n/text.ts';

const chosenKpi = signal<{ readonly [experiment: string]: string }>({});

function kpisOf(report: ExperimentReport): readonly ExperimentKpi[] {
  const names = Object.keys(report.arms[0]?.kpis ?? {});
  return report.kpis ?? names.map((name) => ({ name, label: name, unit: '', better: 'neither' as const }));
}

function kpiOf(report: ExperimentReport): ExperimentKpi | undefined {
  const kpis = kpisOf(report);
  return kpis.find(({ name }) => name === chosenKpi.value[report.name]) ?? kpis[0];
}

export function KpiChoice({ report }: { readonly report: ExperimentReport }): JSX.Element {
  const kpi = kpiOf(report);
  return (
    <span class="line-picker">
      <label class="kpi-choice">
        <span class="quiet">{t('kpi')}</span>
        <select
          data-testid="kpi-choice"
          value={kpi?.name ?? ''}
          onChange={(event) => (chosenKpi.value = { ...chosenKpi.value, [report.name]: event.currentTarget.value })}
        >
          {kpisOf(report).map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <span class="quiet caption">
        {kpi?.better === 'less' && `${t('lessIsBetter')} · `}
        {kpi?.better === 'more' && `${t('moreIsBetter')} · `}
        {t('intervalNote', { seeds: report.seeds })}
      </span>
    </span>
  );
}

/** Ends of the scale: zero belongs to it, whiskers fit. */
function rangeOf(arms: readonly ExperimentArm[], kpi: string): readonly [number, number] {
  const ends = arms.flatMap(({ kpis }) => [kpis[kpi]?.mean, ...(kpis[kpi]?.ci95 ?? [])]);
  const known = ends.filter((end) => typeof end === 'number');
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  return high > low ? [low, high] : [0, 1];
}

export function Bars({ report }: { readonly report: ExperimentReport }): JSX.Element {
  const kpi = kpiOf(report);
  if (kpi === undefined) return <p class="empty">–</p>;
  const [low, high] = rangeOf(report.arms, kpi.name);
  const at = (value: number): number => (100 * (value - low)) / (high - low);
  return (
    <table class="experiment-bars" data-testid="experiment-bars">
      <caption class="only-spoken">{kpi.label}</caption>
      <thead class="only-spoken">
        <tr>
          <th scope="col">{t('arm')}</th>
          <th scope="col">{t('interval')}</th>
          <th scope="col">{t('mean')}</th>
        </tr>
      </thead>
      <tbody>
        {report.arms.map((arm, index) => (
          <ArmRow key={arm.name} report={report} arm={arm} kpi={kpi} at={at} baseline={index === 0} />
        ))}
      </tbody>
    </table>
  );
}

interface ArmProps {
  readonly report: ExperimentReport;
  readonly arm: ExperimentArm;
  readonly kpi: ExperimentKpi;
  readonly at: (value: number) => number;
  readonly baseline: boolean;
}

function ArmRow({ report, arm, kpi, at, baseline }: ArmProps): JSX.Element {
  const estimate = arm.kpis[kpi.name];
  const difference = report.differences.find((other) => other.arm === arm.name && other.kpi === kpi.name);
  const [from, to] = estimate?.ci95 ?? [null, null];
  const mean = estimate?.mean ?? null;
  const zero = at(0);
  return (
    <tr>
      <th scope="row">{armName(arm)}</th>
      <td class="bar-cell" title={`${numberOf(from)} … ${numberOf(to)}`}>
        <span class="only-spoken">{`${numberOf(from)} … ${numberOf(to)}`}</span>
        {mean !== null && (
          <i
            class={baseline ? 'bar bar-baseline' : 'bar'}
            style={{ left: `${Math.min(zero, at(mean))}%`, width: `${Math.abs(at(mean) - zero)}%` }}
          />
        )}
        {from !== null && to !== null && (
          <i class="whisker" style={{ left: `${at(from)}%`, width: `${Math.max(0.2, at(to) - at(from))}%` }} />
        )}
      </td>
      <td class="bar-value">
        <b>{numberOf(mean)}</b> {mean !== null && kpi.unit}
      </td>
      <td class="bar-difference">{baseline ? t('baseline') : <DifferenceText difference={difference} kpi={kpi} />}</td>
    </tr>
  );
}

/** Arms are often policies. */
function armName({ name, label }: ExperimentArm): string {
  const policy = policyName(name);
  return policy === name ? (label ?? name) : policy;
}

function numberOf(value: number | null): string {
  return value === null ? '–' : formatNumber(value, language.value).replace('-', '−');
}

const SIGNS: { readonly [effect: string]: string } = { better: '▲', worse: '▼' };

function DifferenceText({
  difference,
  kpi,
}: {
  readonly difference: ExperimentDifference | undefined;
  readonly kpi: ExperimentKpi;
}): JSX.Element | null {
  if (difference === undefined || difference.mean === null) return null;
  const [low, high] = difference.ci95;
  const effect = difference.effect ?? effectOf(difference, kpi);
  const word = effect === 'better' || effect === 'worse' ? t(effect) : '';
  const share = difference.share?.mean;
  const signed = (value: number): string => `${value > 0 ? '+' : value < 0 ? '−' : ''}${numberOf(Math.abs(value))}`;
  return (
    <span title={`${numberOf(low)} … ${numberOf(high)} ${kpi.unit}`}>
      {typeof share === 'number' ? `${signed(Math.round(1000 * share) / 10)}\u2009%` : signed(difference.mean)}
      {word !== '' && <em class={`effect-${effect}`}>{` ${SIGNS[effect]} ${word}`}</em>}
    </span>
  );
}

function effectOf({ mean, ci95: [low, high] }: ExperimentDifference, { better }: ExperimentKpi): string {
  if (mean === null || low === null || high === null || !(low > 0 || high < 0) || better === 'neither')
    return 'unclear';
  return mean < 0 === (better === 'less') ? 'better' : 'worse';
}

export function Checks({ report: { checks = [] } }: { readonly report: ExperimentReport }): JSX.Element | null {
  if (checks.length === 0) return null;
  return (
    <div class="checks">
      <h3>{t('checks')}</h3>
      <table class="wide-table">
        <thead>
          <tr>
            <th scope="col">{t('check')}</th>
            <th scope="col">{t('target')}</th>
            <th scope="col">{t('measured')}</th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {checks.map((check) => (
            <tr key={`${check.id} ${check.name}`}>
              <th scope="row">
                <span class="quiet">{check.id}</span> {check.name}
              </th>
              <td>{`${check.target} ${check.tolerance}`}</td>
              <td>{numberOf(check.measured)}</td>
              <td class={check.ok ? 'check-ok' : 'check-missed'}>
                {check.ok ? `✓ ${t('checkOk')}` : `✗ ${t('checkMissed')}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
