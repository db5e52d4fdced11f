// What the dispatch centre decided, newest first, in sentences. The list is put in order once a second: nothing jumps under the pointer.
import type { JSX } from 'preact';
import { decisionWords, type Decision } from '../buses/decision-words.ts';
import { centreSeen, chosenLine, decisions } from '../buses/state.ts';
import { policyName, stopName } from '../buses/words.ts';
import { t } from '../i18n/text.ts';
import { clock, fleetStep, language, select } from '../session.ts';
import { formatClock, formatCount } from '../text/format.ts';
import { centreIsSilent } from './buses-kpis.tsx';

const SHOWN = 8;
const HOUR_MS = 3_600_000;

export function BusesDecisions(): JSX.Element {
  void fleetStep.value;
  const line = chosenLine.value;
  const nowMs = clock.value?.simTimeMs ?? 0;
  const own = decisions.value.filter((of) => (line === null || of.line === line) && of.ts > nowMs - HOUR_MS);
  return (
    <section data-testid="decisions">
      <h3 class="section-head">
        {t('decisions')}
        {own.length > 0 && (
          <span class="quiet caption">{t('decisionsHour', { n: formatCount(own.length, language.value) })}</span>
        )}
      </h3>
      {own.length === 0 ? (
        <p class="empty">{whyNone()}</p>
      ) : (
        <ul class="decisions">
          {own.slice(0, SHOWN).map((decision) => (
            <Row key={`${decision.ts} ${decision.seq}`} decision={decision} />
          ))}
        </ul>
      )}
    </section>
  );
}

function whyNone(): string {
  if (centreIsSilent()) return t('noDecisionsSilent');
  const policy = centreSeen()?.fields.policy;
  if (typeof policy !== 'string' || policy === 'timetable') return t('noDecisionsYet');
  return t('noDecisions', { policy: policyName(policy) });
}

function Row({ decision }: { readonly decision: Decision }): JSX.Element {
  const { ts, bus, line } = decision;
  const time = formatClock(ts, clock.value?.utcOffsetMin ?? 0, language.value, false);
  return (
    <li>
      <time>{time}</time>
      <button
        type="button"
        class="plain"
        disabled={bus === undefined}
        onClick={() => bus !== undefined && select('bus', bus)}
      >
        {line !== undefined && chosenLine.value === null && <b>{line}</b>} {decisionWords(decision, stopName)}
      </button>
    </li>
  );
}
