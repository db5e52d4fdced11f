// The scenario: what happens now, what comes, what is over, what is expected of the city, and letting something happen oneself.
import type { JSX } from 'preact';
import { signal } from '@preact/signals';
import type { ExpectationState, ScenarioEventState, ScenarioState } from '../../telemetry/messages.ts';
import { labelOf, t } from '../i18n/text.ts';
import { mapHandle } from '../map/handle.ts';
import {
  changeDraft,
  chooseEvent,
  closeInjection,
  draft,
  injecting,
  openInjection,
  type InjectionResult,
} from '../scenario/draft.ts';
import { pointedEvent } from '../scenario/pointed.ts';
import { groupsOf } from '../scenario/timeline.ts';
import { eventDetail, eventIcon, eventTitle, titleOfKind } from '../scenario/words.ts';
import { clock, language, scenario } from '../session.ts';
import { formatClock, formatDate, formatDuration, formatLimit, formatMoment, formatNumber } from '../text/format.ts';
import { EventForm, ResultLine } from './event-form.tsx';
import { Icon } from './icons.tsx';
import { RunBar } from './run-bar.tsx';

const OVER_SHOWN = 100;
/** Commands have forms of their own, on the panels of devices. */
const COMMAND = 'command';
/** What the city answered to the newest event, while its form is closed. */
const newest = signal<{ readonly title: string; readonly result: InjectionResult } | null>(null);

export function ScenarioPanel(): JSX.Element {
  const state = scenario.value;
  if (state === null) return <p class="empty">{t('noScenario')}</p>;
  const nowMs = clock.value?.simTimeMs ?? state.startMs;
  const utcOffsetMin = clock.value?.utcOffsetMin ?? 0;
  const { happening, scheduled, over } = groupsOf(state.timeline);
  const at = { nowMs, utcOffsetMin };
  return (
    <div class={injecting.value ? 'scenario scenario-injecting' : 'scenario'} data-testid="scenario">
      <RunHead state={state} {...at} />
      <RunBar state={state} {...at} onPoint={(event) => (pointedEvent.value = event)} />
      <Injection state={state} />
      <section>
        <h3>{t('happeningNow')}</h3>
        {happening.length === 0 && <p class="empty">{t('nothingHappens')}</p>}
        <ul class="happenings" data-testid="happening">
          {happening.map((event) => (
            <EventRow key={event.id} event={event} {...at} />
          ))}
        </ul>
      </section>
      <Expectations list={state.expectations} />
      <section>
        <h3>{t('scheduled')}</h3>
        {scheduled.length === 0 && <p class="empty">{t('nothingScheduled')}</p>}
        <ul class="happenings" data-testid="scheduled">
          {scheduled.map((event) => (
            <EventRow key={event.id} event={event} {...at} />
          ))}
        </ul>
      </section>
      {over.length > 0 && (
        <details class="over">
          <summary>
            {t('over')} ({over.length})
          </summary>
          <ul class="happenings" data-testid="over">
            {over.slice(0, OVER_SHOWN).map((event) => (
              <EventRow key={event.id} event={event} {...at} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

interface At {
  readonly nowMs: number;
  readonly utcOffsetMin: number;
}

function RunHead({ state, nowMs, utcOffsetMin }: At & { readonly state: ScenarioState }): JSX.Element {
  const passed = formatDuration(Math.max(0, nowMs - state.startMs) / 1000, language.value);
  const seed = clock.value?.seed;
  return (
    <div class="run-head">
      <b>{state.title ?? state.scenario}</b>
      <span class="quiet">
        {formatDate(state.startMs, utcOffsetMin, language.value)},{' '}
        {formatClock(state.startMs, utcOffsetMin, language.value, false)}
        {state.endMs === undefined
          ? ''
          : ` – ${formatMoment(state.endMs, state.startMs, utcOffsetMin, language.value)}`}
      </span>
      <span class="quiet">
        {state.endMs === undefined
          ? t('runsWithoutEnd', { passed })
          : t(nowMs < state.endMs ? 'runsUntil' : 'hasRun', {
              passed,
              length: formatDuration((state.endMs - state.startMs) / 1000, language.value),
            })}
        {seed !== undefined && ` · ${t('seed')} ${seed}`}
      </span>
    </div>
  );
}

function EventRow({ event, nowMs, utcOffsetMin }: At & { readonly event: ScenarioEventState }): JSX.Element {
  const { lat, lon, radiusM = 300, fromMs, untilMs, state } = event;
  const hasPlace = lat !== undefined && lon !== undefined;
  const point = (to: ScenarioEventState | null): void => {
    pointedEvent.value = to;
  };
  const time = (ms: number): string => formatMoment(ms, nowMs, utcOffsetMin, language.value);
  const times = state === 'scheduled' || untilMs === undefined ? time(fromMs) : `${time(fromMs)} – ${time(untilMs)}`;
  return (
    <li
      class={`happening-row row-${state}`}
      data-testid={`event-${event.id}`}
      onPointerEnter={() => point(event)}
      onPointerLeave={() => point(null)}
    >
      <span class="event-icon">
        <Icon name={eventIcon(event.event)} />
      </span>
      <div class="event-what">
        <b>{eventTitle(event.event)}</b>
        <span>{eventDetail(event)}</span>
        <span class="quiet">
          {times} · {restOf(event, nowMs)}
        </span>
        {state === 'happening' && untilMs !== undefined && <Progress event={event} nowMs={nowMs} />}
      </div>
      {hasPlace && (
        <button
          type="button"
          class="plain"
          aria-label={`${t('showOnMap')}: ${eventTitle(event.event)}`}
          title={t('showOnMap')}
          onFocus={() => point(event)}
          onBlur={() => point(null)}
          onClick={() => mapHandle.value?.showPlace({ lat, lon, radiusM })}
        >
          <Icon name="inject" size={18} />
        </button>
      )}
    </li>
  );
}

function restOf({ state, fromMs, untilMs }: ScenarioEventState, nowMs: number): string {
  const length = (ms: number): string => formatDuration(Math.max(0, ms) / 1000, language.value);
  if (state === 'scheduled') {
    const lasts = untilMs === undefined ? t('untilRepaired') : t('forLong', { length: length(untilMs - fromMs) });
    return `${t('inTime', { length: length(fromMs - nowMs) })}, ${lasts}`;
  }
  if (untilMs === undefined) return state === 'over' ? t('over') : t('untilRepaired');
  return state === 'happening'
    ? t('left', { length: length(untilMs - nowMs) })
    : t('tookLong', { length: length(untilMs - fromMs) });
}

function Progress({ event, nowMs }: { readonly event: ScenarioEventState; readonly nowMs: number }): JSX.Element {
  const share = (nowMs - event.fromMs) / Math.max(1, (event.untilMs ?? nowMs) - event.fromMs);
  return (
    <div class="progress" aria-hidden="true">
      <i style={{ width: `${Math.min(100, Math.max(0, 100 * share))}%` }} />
    </div>
  );
}

const SIGNS: { readonly [state in ExpectationState['state']]: string } = {
  waiting: '…',
  holding: '✓',
  failing: '!',
  met: '✓',
  failed: '✗',
};

function Expectations({ list }: { readonly list: readonly ExpectationState[] }): JSX.Element {
  return (
    <section>
      <h3>{t('expectations')}</h3>
      {list.length === 0 && <p class="empty">{t('nothingExpected')}</p>}
      <ul class="expectations" data-testid="expectations">
        {list.map(({ name, state, value, limit }) => (
          <li key={name} class={`expectation expectation-${state}`} data-testid="expectation" data-state={state}>
            <span class="sign" aria-hidden="true">
              {SIGNS[state]}
            </span>
            <span class="expectation-name">{name}</span>
            <b class="expectation-state">{t(`expectation_${state}`)}</b>
            <span class="expectation-value">
              <b>{value === undefined ? '–' : formatNumber(value, language.value)}</b>{' '}
              <span class="quiet">{formatLimit(limit)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Injection({ state }: { readonly state: ScenarioState }): JSX.Element {
  if (!injecting.value) {
    const said = newest.value;
    return (
      <div class="injection">
        <button
          type="button"
          class="primary wide"
          data-testid="inject"
          title={`${t('injectEvent')} (E)`}
          onClick={() => {
            newest.value = null;
            openInjection();
          }}
        >
          <Icon name="inject" size={18} /> {t('injectEvent')}
        </button>
        {said !== null && (
          <div class="said">
            {said.title}
            <ResultLine result={said.result} />
          </div>
        )}
      </div>
    );
  }
  const chosen = draft.value;
  return (
    <section class="injection injection-open" aria-label={t('injectEvent')}>
      <header>
        <b>{t('injectEvent')}</b>
        <button
          type="button"
          class="plain"
          aria-label={t('close')}
          title={`${t('close')} (Esc)`}
          onClick={closeInjection}
        >
          <Icon name="close" size={18} />
        </button>
      </header>
      <EventChoice state={state} />
      {chosen !== null && (
        <EventForm
          key={`${chosen.entry.event} ${chosen.entry.kind ?? ''}`}
          draft={chosen}
          onDraft={changeDraft}
          onDone={(result) => {
            newest.value = { title: labelOf(chosen.entry), result };
            closeInjection();
          }}
        />
      )}
    </section>
  );
}

function EventChoice({ state }: { readonly state: ScenarioState }): JSX.Element {
  const { catalog } = state;
  const chosen = draft.value === null ? -1 : catalog.findIndex((entry) => sameEntry(entry, draft.value!.entry));
  const groups = [...new Set(catalog.map(({ kind }) => kind))];
  return (
    <label class="command-field" for="event-choice">
      <span>{t('whatHappens')}</span>
      <select
        id="event-choice"
        data-testid="event-choice"
        autofocus
        value={chosen < 0 ? '' : String(chosen)}
        onChange={(event) => {
          const entry = catalog[Number(event.currentTarget.value)];
          if (event.currentTarget.value !== '' && entry !== undefined) chooseEvent(entry);
        }}
      >
        <option value="">{t('choose')}</option>
        {groups.map((group) => (
          <optgroup key={group ?? ''} label={groupTitle(group)}>
            {catalog.map((entry, index) =>
              entry.kind === group && entry.event !== COMMAND ? (
                <option key={index} value={String(index)}>
                  {labelOf(entry)}
                </option>
              ) : null,
            )}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

type Entry = ScenarioState['catalog'][number];

function sameEntry(a: Entry, b: Entry): boolean {
  return a.event === b.event && a.kind === b.kind;
}

function groupTitle(kind: string | undefined): string {
  return kind === undefined ? t('theCity') : titleOfKind(kind);
}
