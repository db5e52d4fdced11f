// The form of one event: where, on which devices, its own arguments, for how long; and what the city answered.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { formArgs, formFields, type FieldProblem } from '../command-form.ts';
import { t } from '../i18n/text.ts';
import { inject, type InjectionResult } from '../scenario/draft.ts';
import {
  injectionArgs,
  type Draft,
  type DraftProblem,
  type DurationUnit,
  type TargetMode,
} from '../scenario/injection.ts';
import { PlaceFields } from './place-fields.tsx';
import { SchemaFields } from './schema-fields.tsx';

interface FormProps {
  readonly draft: Draft;
  readonly onDraft: (change: Partial<Draft>) => void;
  /** The city took it. */
  readonly onDone?: (result: InjectionResult) => void;
}

const TAKEN = new Set(['accepted', 'done']);

export function EventForm({ draft, onDraft, onDone }: FormProps): JSX.Element {
  const { entry } = draft;
  const fields = formFields(entry.args);
  const texts = useSignal<{ readonly [name: string]: string }>({});
  const problems = useSignal<{ readonly [name: string]: FieldProblem }>({});
  const missing = useSignal<DraftProblem | null>(null);
  const result = useSignal<InjectionResult | null>(null);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const own = formArgs(fields, texts.value);
    const injection = injectionArgs(draft, own.args);
    problems.value = own.problems;
    missing.value = 'problem' in injection ? injection.problem : null;
    result.value = null;
    if (Object.keys(own.problems).length > 0 || !('args' in injection)) return;
    result.value = { state: 'sent' };
    const answer = await inject(injection.args);
    result.value = answer;
    if (TAKEN.has(answer.state)) onDone?.(answer);
  };
  return (
    <form class="event-form" data-testid="event-form" onSubmit={(event) => void submit(event)} noValidate>
      {entry.where !== 'none' && draft.targetMode !== 'devices' && <PlaceFields draft={draft} onDraft={onDraft} />}
      {entry.kind !== undefined && draft.targetMode !== 'devices' && <TargetFields draft={draft} onDraft={onDraft} />}
      <SchemaFields
        fields={fields}
        name={`${entry.event}-${entry.kind ?? 'city'}`}
        texts={texts.value}
        problems={problems.value}
        onTexts={(changed) => (texts.value = changed)}
      />
      <DurationFields draft={draft} onDraft={onDraft} />
      {missing.value !== null && (
        <p class="problem" role="alert" data-testid="injection-problem">
          {t(missing.value)}
        </p>
      )}
      <button type="submit" class="primary" data-testid="inject-send" disabled={result.value?.state === 'sent'}>
        {t('letItHappen')}
      </button>
      <ResultLine result={result.value} />
    </form>
  );
}

/** Always there, so that screen readers hear it change. */
export function ResultLine({ result }: { readonly result: InjectionResult | null }): JSX.Element {
  const state = result?.state;
  const line = useRef<HTMLParagraphElement>(null);
  // The answer stands below a long form.
  useEffect(() => {
    if (state !== undefined && state !== 'sent') line.current?.scrollIntoView({ block: 'nearest' });
  }, [state]);
  const bad = state === 'rejected' || state === 'failed' || state === 'expired';
  return (
    <p
      ref={line}
      class={bad ? 'injection-result problem' : 'injection-result'}
      data-testid="injection-result"
      data-state={state ?? ''}
      role="status"
    >
      {state !== undefined && <b>{`${bad ? '✗' : TAKEN.has(state) ? '✓' : '…'} ${t(wordOf(state))}`}</b>}
      {result?.reason !== undefined && <span>{result.reason}</span>}
    </p>
  );
}

function wordOf(state: InjectionResult['state']) {
  if (state === 'waiting') return 'noAnswerYet';
  return state === 'done' || state === 'accepted' ? 'eventAccepted' : state;
}

const TARGETS: readonly TargetMode[] = ['count', 'share', 'all'];

function TargetFields({ draft, onDraft }: Pick<FormProps, 'draft' | 'onDraft'>): JSX.Element {
  return (
    <div class="field-row">
      <label class="command-field" for="target-mode">
        <span>{t('onWhich')}</span>
        <select
          id="target-mode"
          value={draft.targetMode}
          onChange={(event) => onDraft({ targetMode: event.currentTarget.value as TargetMode })}
        >
          {TARGETS.map((mode) => (
            <option key={mode} value={mode}>
              {t(`target_${mode}` as 'target_all')}
            </option>
          ))}
        </select>
      </label>
      {draft.targetMode !== 'all' && (
        <label class="command-field" for="target-size">
          <span>{t(draft.targetMode === 'share' ? 'percent' : 'howMany')}</span>
          <input
            id="target-size"
            type="text"
            inputMode="decimal"
            value={draft.target}
            onInput={(event) => onDraft({ target: event.currentTarget.value })}
          />
        </label>
      )}
    </div>
  );
}

const UNITS: readonly DurationUnit[] = ['m', 'h', 'd', 'open'];

function DurationFields({ draft, onDraft }: Pick<FormProps, 'draft' | 'onDraft'>): JSX.Element {
  const open = draft.durationUnit === 'open';
  return (
    <div class="field-row">
      {!open && (
        <label class="command-field" for="duration">
          <span>{t('howLong')}</span>
          <input
            id="duration"
            data-testid="duration"
            type="text"
            inputMode="decimal"
            value={draft.duration}
            onInput={(event) => onDraft({ duration: event.currentTarget.value })}
          />
        </label>
      )}
      <label class="command-field" for="duration-unit">
        <span>{open ? t('howLong') : '\u00a0'}</span>
        <select
          id="duration-unit"
          aria-label={t('durationUnit')}
          data-testid="duration-unit"
          value={draft.durationUnit}
          onChange={(event) => onDraft({ durationUnit: event.currentTarget.value as DurationUnit })}
        >
          {UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(`unit_${unit}` as 'unit_m')}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
