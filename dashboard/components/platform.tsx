// The platform's own view: how many records passed each stage, and whether they balance.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { HealthAnswer, RejectedAnswer } from '../answers.ts';
import { getJson } from '../rest.ts';
import { clock, counters, ingestState, language, wallMs } from '../session.ts';
import { formatNumber, formatQuantity, formatWhole } from '../text/format.ts';
import { t } from '../i18n/text.ts';
import { JournalLevel } from './platform-journal.tsx';
import { Rejected } from './platform-rejected.tsx';

const REFRESH_MS = 5_000;
/** A load tester speaks every second. */
const TESTER_SILENT_MS = 5_000;

type Numbers = readonly (readonly [label: string, value: number | undefined, state?: 'good' | 'watch' | 'bad'])[];

export function Platform(): JSX.Element {
  const health = useSignal<HealthAnswer | null>(null);
  const rejected = useSignal<RejectedAnswer | null>(null);
  useEffect(() => {
    const load = (): void => {
      getJson<HealthAnswer>('/api/health').then(
        (answer) => (health.value = answer),
        () => (health.value = null),
      );
      getJson<RejectedAnswer>('/api/rejected').then(
        (answer) => (rejected.value = answer),
        () => undefined,
      );
    };
    load();
    const timer = setInterval(load, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h3>{t('flow')}</h3>
      <Pipeline storeKind={health.value?.store?.kind} />
      <Balance />
      <JournalLevel journal={health.value?.journal ?? null} />
      <LoadTest />
      <Facts health={health.value} />
      <Rejected answer={rejected.value} kept={(health.value?.journal ?? null) !== null} />
    </>
  );
}

function Pipeline({ storeKind }: { readonly storeKind: string | undefined }): JSX.Element {
  const now = counters.value;
  if (now === null)
    return <div class="skeleton skeleton-table" data-testid="platform-counters" aria-label={t('loading')} />;
  const { simulator, broker, ingest, live, acks } = now;
  const bytes = formatQuantity(live?.bytes ?? 0, 'B', language.value);
  const stages: readonly (readonly [title: string, main: Numbers, rest: Numbers, note?: string])[] = [
    [t('simulator'), [[t('out'), simulator?.out]], [[t('dropped'), simulator?.dropped]]],
    [
      t('broker'),
      [[t('in'), broker?.in]],
      [
        [t('out'), broker?.out],
        [t('refused'), broker?.refused],
        [t('clients'), broker?.clients],
      ],
    ],
    [
      t('ingest'),
      [[t('in'), ingest?.in]],
      [
        [t('rejected'), ingest?.rejected, ingestState.value.rejected],
        [t('duplicates'), ingest?.duplicates],
        [t('dropped'), ingest?.dropped, ingestState.value.dropped],
        [t('gaps'), ingest?.gaps, ingestState.value.gaps],
        [t('restarts'), ingest?.restarts],
      ],
    ],
    [
      t('store'),
      [[t('stored'), ingest?.stored]],
      [
        [t('backlog'), ingest?.backlog],
        [t('waitingAcks'), acks?.waiting],
      ],
      storeKind,
    ],
    [
      t('livePart'),
      [[t('frames'), live?.frames]],
      [
        [t('clients'), live?.clients],
        [t('skipped'), live?.skipped],
      ],
      `${bytes.value} ${bytes.unit}`,
    ],
  ];
  return (
    <ol class="pipeline" data-testid="platform-counters">
      {stages.map(([title, main, rest, note]) => (
        <li key={title}>
          <div class="stage-title">
            {title}
            {note !== undefined && <span class="quiet caption">{note}</span>}
          </div>
          {main.map(([label, value]) => (
            <div key={label} class="stage-main">
              <b>{value === undefined ? '–' : formatWhole(value, language.value)}</b> <span class="quiet">{label}</span>
            </div>
          ))}
          <div class="stage-rest">
            {rest.map(([label, value, state = 'good']) => (
              <span key={label}>
                {label}{' '}
                <b class={`number-${state}`}>{value === undefined ? '–' : formatWhole(value, language.value)}</b>
              </span>
            ))}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Balance(): JSX.Element | null {
  const ingest = counters.value?.ingest;
  if (ingest === undefined) return null;
  const rest = ingest.in - ingest.stored - ingest.rejected - ingest.duplicates - ingest.dropped - ingest.backlog;
  return rest === 0 ? (
    <p class="balance balance-good">✓ {t('balanced')}</p>
  ) : (
    <p class="balance balance-bad">✗ {t('unbalanced', { n: formatWhole(rest, language.value) })}</p>
  );
}

/** Nothing where none was heard of. A tester that falls silent in the middle has ended, however it ended. */
function LoadTest(): JSX.Element | null {
  const load = counters.value?.load;
  const heard = useSignal({ atMs: 0, wallMs: 0 });
  useEffect(() => {
    if (load !== undefined && load.atMs !== heard.value.atMs) heard.value = { atMs: load.atMs, wallMs: Date.now() };
  }, [load?.atMs]);
  if (load === undefined) return null;
  const running = load.running === 1 && wallMs.value - heard.value.wallMs < TESTER_SILENT_MS;
  const state = running
    ? 'loadRunning'
    : load.running === 1
      ? 'loadGone'
      : load.valid === 1
        ? 'loadValid'
        : 'loadInvalid';
  const bad = state === 'loadInvalid' || state === 'loadGone';
  return (
    <section data-testid="load-test">
      <h3>{t('loadTest')}</h3>
      <p class={`balance ${bad ? 'balance-bad' : 'balance-good'}`}>{t(state)}</p>
      <table class="values">
        <tbody>
          {(
            [
              [t('loadSent'), `${formatWhole(load.sentPerS, language.value)}/s`],
              [t('loadReceived'), `${formatWhole(load.receivedPerS, language.value)}/s`],
              [t('loadP99'), `${formatNumber(load.p99Ms, language.value)} ms`],
              [t('loadLag'), `${formatNumber(load.lagMsP99, language.value)} ms`],
            ] as const
          ).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Facts({ health }: { readonly health: HealthAnswer | null }): JSX.Element {
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    [t('scenario'), clock.value?.scenario ?? health?.scenario],
    [t('seed'), clock.value?.seed ?? health?.seed],
    [t('trueSpeed'), clock.value === null ? undefined : `${formatNumber(clock.value.trueSpeed, language.value)}×`],
    [t('version'), health?.version],
  ];
  return (
    <table class="values">
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value ?? '–'}</td>
          </tr>
        ))}
        <tr>
          <th scope="row">API</th>
          <td>
            <a href="/docs">{t('docs')}</a>
          </td>
        </tr>
      </tbody>
    </table>
  );
}
