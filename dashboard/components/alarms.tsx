// Alarms: what, where, since when, and one key to acknowledge. New ones are said aloud, at most one in a few seconds.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { signal } from '@preact/signals';
import type { Alarm } from '../answers.ts';
import { postJson } from '../rest.ts';
import { alarms, clock, kinds, language, openAlarms, putAlarm, select, timeOf } from '../session.ts';
import { formatClock } from '../text/format.ts';
import { labelOf, t } from '../i18n/text.ts';
import { Icon } from './icons.tsx';

const SAID_AT_MOST_EVERY_MS = 4_000;
const SHOWN = 200;
const problem = signal<string | null>(null);

export async function acknowledge(alarm: Alarm): Promise<void> {
  try {
    const answer = await postJson<Alarm | undefined>(`/api/alarms/${encodeURIComponent(alarm.id)}/ack`, {});
    problem.value = null;
    putAlarm({ ...alarm, ...answer, ackedBy: answer?.ackedBy ?? 'operator' });
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

export function acknowledgeNewest(): void {
  const newest = openAlarms.value.find((alarm) => alarm.ackedBy === undefined);
  if (newest !== undefined) void acknowledge(newest);
}

function nameOf(alarm: Alarm): string {
  const event = kinds.value?.find((kind) => kind.kind === alarm.kind)?.events?.[alarm.name];
  return event === undefined ? alarm.name : labelOf(event);
}

export function AlarmList({ alarms: list }: { readonly alarms: readonly Alarm[] }): JSX.Element {
  return (
    <div data-testid="alarms">
      {problem.value !== null && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {list.length === 0 ? (
        <p class="empty">{t('noAlarms')}</p>
      ) : (
        <ul class="alarms">
          {list.slice(0, SHOWN).map((alarm) => (
            <AlarmRow key={alarm.id} alarm={alarm} />
          ))}
        </ul>
      )}
    </div>
  );
}

function AlarmRow({ alarm }: { readonly alarm: Alarm }): JSX.Element {
  const offset = clock.value?.utcOffsetMin ?? 0;
  const at = (time: string | number): string => formatClock(timeOf(time), offset, language.value, false);
  return (
    <li class={`alarm alarm-${alarm.severity}`}>
      <span class="alarm-shape">
        <Icon name="alarms" size={18} />
        <span class="caption">{t(`severity_${alarm.severity}`)}</span>
      </span>
      <button type="button" class="alarm-what" title={t('whatToDo')} onClick={() => select(alarm.kind, alarm.device)}>
        <b>{nameOf(alarm)}</b>
        <span class="quiet">
          {alarm.device} · {t('since', { time: at(alarm.raisedAt) })}
          {alarm.clearedAt !== undefined && ` · ${t('cleared', { time: at(alarm.clearedAt) })}`}
        </span>
      </button>
      {alarm.ackedBy === undefined ? (
        <button type="button" class="small" title={`${t('acknowledge')} (A)`} onClick={() => void acknowledge(alarm)}>
          <Icon name="check" size={16} /> {t('acknowledge')}
        </button>
      ) : (
        <span class="quiet caption">{t('acknowledged', { by: alarm.ackedBy })}</span>
      )}
    </li>
  );
}

export function AlarmView(): JSX.Element {
  return <AlarmList alarms={alarms.value} />;
}

const said = signal('');
let saidAtMs = 0;
let saidId = '';

/** For screen readers only. */
export function AlarmSpeaker(): JSX.Element {
  const newest = openAlarms.value[0];
  useEffect(() => {
    const nowMs = performance.now();
    if (newest === undefined || newest.id === saidId || nowMs - saidAtMs < SAID_AT_MOST_EVERY_MS) return;
    saidAtMs = nowMs;
    saidId = newest.id;
    said.value = t('alarmSaid', { name: nameOf(newest), device: newest.device });
  }, [newest]);
  return (
    <div class="only-spoken" aria-live="polite">
      {said.value}
    </div>
  );
}
