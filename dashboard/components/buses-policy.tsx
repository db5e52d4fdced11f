// The dispatch centre: whether it is there, its policy and another one, and what a switch has changed.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { KindDescription } from '../answers.ts';
import { CENTRE, policySwitches, silenceS, switchesOf, type PolicySwitch } from '../buses/centre.ts';
import { AROUND_MS, around, type Regularity } from '../buses/quality.ts';
import { centreHistory, centreKind, centreSeen, chosenLine, decisions, departures } from '../buses/state.ts';
import { policyAbout, policyName } from '../buses/words.ts';
import { formFields } from '../command-form.ts';
import { sendCommand, sentCommands } from '../commands.ts';
import { t } from '../i18n/text.ts';
import { clock, language, select, wallMs } from '../session.ts';
import { formatClock, formatDuration, formatFixed } from '../text/format.ts';
import { centreIsSilent, timeNow } from './buses-kpis.tsx';
import { CommandState } from './command-panel.tsx';

const COMMAND = 'setPolicy';
const MIXED = 'mixed';
/** A bus needs about this long along a line of the city; sooner the numbers still hold what was before, ms. */
const JUDGED_AFTER_MS = 12 * 60_000;
/** Smaller differences of the variation are noise. */
const ALIKE = 0.02;

export function BusesPolicy(): JSX.Element {
  void wallMs.value;
  const kind = centreKind.value;
  const policy = policyNow(chosenLine.value);
  return (
    <section data-testid="policy">
      <h3 class="section-head">
        {t('policy')}
        {kind !== undefined && (
          <button type="button" class="plain link" onClick={() => select(CENTRE, CENTRE)}>
            {t('centreOwn')}
          </button>
        )}
      </h3>
      {centreIsSilent() ? (
        <Silence />
      ) : (
        <p class="policy-now">{policy === '' ? t('loading') : t('policyNow', { policy: policyName(policy) })}</p>
      )}
      {kind?.commands?.[COMMAND] !== undefined && <Switch kind={kind} current={policy} />}
      <Effect />
    </section>
  );
}

/** The centre tells one policy, or that lines differ; then the line's newest switch or decision tells its own. */
function policyNow(line: string | null): string {
  const told = String(centreSeen()?.fields.policy ?? '');
  if (told !== MIXED || line === null) return told;
  const switched = switchesOf(policySwitches(centreHistory.value, sentCommands.value), line).findLast(
    ({ policy }) => policy !== MIXED,
  );
  const decided = decisions.value.find((decision) => decision.line === line && decision.policy !== undefined);
  if (decided === undefined || (switched !== undefined && switched.ts > decided.ts)) return switched?.policy ?? told;
  return decided.policy ?? told;
}

function Silence(): JSX.Element {
  const seen = centreSeen();
  const said =
    seen === undefined
      ? t('centreAbsent')
      : t('centreSilent', { age: formatDuration(silenceS(seen, timeNow()), language.value) });
  const [before, after] = t('centreCure').split('{command}');
  return (
    <div class="notice-box" role="status" data-testid="centre-silent">
      <b>{said}</b>
      <span>
        {before}
        <code>citytwin control</code>
        {after}
      </span>
    </div>
  );
}

function Switch({ kind, current }: { readonly kind: KindDescription; readonly current: string }): JSX.Element {
  const wanted = useSignal<string | null>(null);
  const fields = formFields(kind.commands![COMMAND]!.args);
  const choices = (fields.find(({ name }) => name === 'policy')?.choices ?? []).map(String);
  const perLine = fields.some(({ name }) => name === 'line');
  const line = perLine ? chosenLine.value : null;
  const policy = wanted.value ?? (choices.includes(current) ? current : (choices[0] ?? ''));
  const sent = sentCommands.value.find((other) => other.kind === CENTRE && other.name === COMMAND);
  return (
    <form
      class="command policy-switch"
      data-testid="policy-switch"
      onSubmit={(event) => {
        event.preventDefault();
        void sendCommand(CENTRE, CENTRE, COMMAND, { policy, ...(line === null ? {} : { line }) });
      }}
    >
      <label class="command-field">
        <span>
          {t('switchTo')} · {line === null ? t('wholeCity') : t('lineN', { line })}
        </span>
        <select
          data-testid="policy-choice"
          value={policy}
          onChange={(event) => (wanted.value = event.currentTarget.value)}
        >
          {choices.map((choice) => (
            <option key={choice} value={choice}>
              {policyName(choice)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="send" data-testid="policy-send">
        {t('switchPolicy')}
      </button>
      <small class="quiet policy-about">{policyAbout(policy)}</small>
      <CommandState sent={sent} />
    </form>
  );
}

/** What the newest switch of the last hour has done. */
function Effect(): JSX.Element | null {
  const line = chosenLine.value;
  const newest = switchesOf(policySwitches(centreHistory.value, sentCommands.value), line).at(-1);
  const nowMs = clock.value?.simTimeMs;
  if (newest === undefined || nowMs === undefined) return null;
  const seen = line === null ? Object.values(departures.value).flat() : (departures.value[line] ?? []);
  const { before, since, sinceMs } = around(seen, newest.ts, nowMs);
  const isEarly = sinceMs < JUDGED_AFTER_MS;
  const age = formatDuration(Math.min(sinceMs, AROUND_MS) / 1000, language.value);
  return (
    <div class="effect" data-testid="policy-effect">
      <b>{titleOf(newest)}</b>
      <table>
        <thead>
          <tr>
            <th />
            <th scope="col">{t('effectBefore')}</th>
            <th scope="col">{t('effectSince', { age })}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          <EffectRow
            label={t('headwayCv')}
            before={before}
            since={since}
            of="headwayCv"
            digits={2}
            unit=""
            early={isEarly}
          />
          <EffectRow
            label={t('excessWait')}
            before={before}
            since={since}
            of="excessWaitS"
            digits={0}
            unit="s"
            early={isEarly}
          />
        </tbody>
      </table>
      {isEarly && (
        <small class="quiet">{t('effectEarly', { age: formatDuration(JUDGED_AFTER_MS / 1000, language.value) })}</small>
      )}
    </div>
  );
}

function titleOf({ ts, policy }: PolicySwitch): string {
  const time = formatClock(ts, clock.value?.utcOffsetMin ?? 0, language.value, false);
  return t('effectTitle', { policy: policyName(policy), time });
}

interface RowProps {
  readonly label: string;
  readonly before: Regularity | undefined;
  readonly since: Regularity | undefined;
  readonly of: 'headwayCv' | 'excessWaitS';
  readonly digits: number;
  readonly unit: string;
  /** Numbers without a verdict. */
  readonly early: boolean;
}

function EffectRow({ label, before, since, of, digits, unit, early }: RowProps): JSX.Element {
  const shown = (value: number | undefined): string => {
    if (value === undefined) return '–';
    return `${formatFixed(value, digits, language.value)}${unit === '' ? '' : `\u2009${unit}`}`;
  };
  const verdict = early || before === undefined || since === undefined ? undefined : verdictOf(before[of], since[of]);
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{shown(before?.[of])}</td>
      <td>
        <b>{shown(since?.[of])}</b>
      </td>
      <td class={verdict === undefined ? '' : `effect-${verdict}`}>
        {verdict !== undefined && `${SIGNS[verdict]} ${t(verdict)}`}
      </td>
    </tr>
  );
}

const SIGNS = { better: '▲', worse: '▼', same: '=' } as const;

function verdictOf(before: number, since: number): keyof typeof SIGNS {
  if (Math.abs(since - before) <= ALIKE * Math.max(1, Math.abs(before))) return 'same';
  return since < before ? 'better' : 'worse';
}
