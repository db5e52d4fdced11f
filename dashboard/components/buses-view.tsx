// The Buses view in the panel: how regular and how full the service is, what the dispatch centre does about it, and all lines. The strip stands
// in the dock over the map, on a phone here.
import type { JSX } from 'preact';
import type { KindDescription } from '../answers.ts';
import { chooseLine, chosenLine, fleetShown, lines, linesProblem, shownLine } from '../buses/state.ts';
import { lineTitle } from '../buses/words.ts';
import { t } from '../i18n/text.ts';
import { BusesDecisions } from './buses-decisions.tsx';
import { isPhone } from './buses-dock-frame.tsx';
import { LineBody, LineHead } from './buses-dock.tsx';
import { BusesKpis } from './buses-kpis.tsx';
import { BusesLines } from './buses-lines.tsx';
import { BusesPolicy } from './buses-policy.tsx';
import { KindPanel } from './kind-panel.tsx';

export function BusesView({ kind }: { readonly kind: KindDescription }): JSX.Element {
  return (
    <div data-testid="buses">
      <div class="segments view-tabs" role="group">
        <button type="button" aria-pressed={!fleetShown.value} onClick={() => (fleetShown.value = false)}>
          {t('service')}
        </button>
        <button
          type="button"
          data-testid="fleet-tab"
          aria-pressed={fleetShown.value}
          onClick={() => (fleetShown.value = true)}
        >
          {t('fleet')}
        </button>
      </div>
      {fleetShown.value ? <KindPanel kind={kind} /> : <Service />}
    </div>
  );
}

function Service(): JSX.Element {
  return (
    <>
      <Scope />
      {linesProblem.value !== null && lines.value === null && (
        <p class="problem" role="alert">
          {t('linesFailed', { reason: linesProblem.value })}
        </p>
      )}
      <BusesKpis />
      {isPhone.value && (
        <section class="strip-in-sheet">
          <div class="dock-head">
            <LineHead />
          </div>
          <LineBody />
        </section>
      )}
      <BusesPolicy />
      <BusesDecisions />
      <BusesLines />
    </>
  );
}

/** The whole city, or one line. */
function Scope(): JSX.Element {
  const line = chosenLine.value;
  const summary = lines.value?.find((other) => other.line === (line ?? shownLine.value));
  return (
    <div class="segments scope" role="group" aria-label={t('policyFor')}>
      <button type="button" data-testid="scope-city" aria-pressed={line === null} onClick={() => chooseLine(null)}>
        {t('wholeCity')}
      </button>
      {summary !== undefined && (
        <button
          type="button"
          data-testid="scope-line"
          aria-pressed={line !== null}
          title={lineTitle(summary)}
          onClick={() => chooseLine(summary.line)}
        >
          <i class="line-badge" style={{ background: summary.color }} />
          {t('lineN', { line: summary.line })}
        </button>
      )}
    </div>
  );
}
