// The Experiments view: which was run, its claim and verdict in the panel; bars with 95 % intervals and the checks in the wide area.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { computed, signal } from '@preact/signals';
import type { ExperimentReport } from '../buses/answers.ts';
import { getJson } from '../rest.ts';
import { language } from '../session.ts';
import { t } from '../i18n/text.ts';
import { DockFrame, isPhone } from './buses-dock-frame.tsx';
import { Bars, Checks, KpiChoice } from './experiment-chart.tsx';

const ASK_EVERY_MS = 10_000;
const FIRST = 'citytwin experiment bus-line --seeds 40';

const reports = signal<readonly ExperimentReport[] | null>(null);
const problem = signal<string | null>(null);
const chosenName = signal<string | null>(null);
const shown = computed(() => reports.value?.find(({ name }) => name === chosenName.value) ?? reports.value?.[0]);

async function ask(): Promise<void> {
  try {
    reports.value = (await getJson<{ items: readonly ExperimentReport[] }>('/api/experiments')).items;
    problem.value = null;
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

/** The panel. */
export function Experiments(): JSX.Element {
  useEffect(() => {
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const list = reports.value;
  if (list === null && problem.value !== null)
    return <p class="problem">{t('experimentsFailed', { reason: problem.value })}</p>;
  if (list === null) return <div class="skeleton skeleton-table" aria-label={t('loading')} />;
  if (list.length === 0) return <NoExperiment />;
  return (
    <div data-testid="experiments">
      <ul class="experiments">
        {list.map((report) => (
          <li key={report.name}>
            <button
              type="button"
              class="experiment"
              aria-pressed={report.name === shown.value?.name}
              onClick={() => (chosenName.value = report.name)}
            >
              <b>{report.title ?? report.name}</b>
              <span class="quiet caption">{ranAt(report)}</span>
              <span>{report.verdict}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown.value !== undefined && <About report={shown.value} />}
    </div>
  );
}

function ranAt({ seeds, date, name }: ExperimentReport): string {
  if (date === undefined) return `${name} · ${seeds}`;
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB';
  const said = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(Date.parse(date));
  return t('ranAt', { seeds, date: said });
}

function NoExperiment(): JSX.Element {
  return (
    <div class="empty" data-testid="no-experiments">
      <p>{t('experimentsEmpty')}</p>
      <p>
        <code>{FIRST}</code>
      </p>
      <p>{t('experimentsEmptyMore')}</p>
    </div>
  );
}

function About({ report }: { readonly report: ExperimentReport }): JSX.Element {
  return (
    <>
      <section>
        <h3>{t('claim')}</h3>
        <p class="prose">{report.claim}</p>
        {report.sources !== undefined && <p class="quiet caption">{report.sources.join(' · ')}</p>}
      </section>
      {isPhone.value && (
        <>
          <KpiChoice report={report} />
          <Bars report={report} />
          <Checks report={report} />
        </>
      )}
      {report.command !== undefined && (
        <section>
          <h3>{t('repeat')}</h3>
          <code class="command-line">{report.command}</code>
        </section>
      )}
    </>
  );
}

/** The wide area; nothing while there is no report. */
export function ExperimentDock(): JSX.Element | null {
  const report = shown.value;
  if (report === undefined) return null;
  return (
    <DockFrame label={t('experiments')} head={<KpiChoice report={report} />}>
      <div class="experiment-wide">
        <Bars report={report} />
        <Checks report={report} />
      </div>
    </DockFrame>
  );
}
