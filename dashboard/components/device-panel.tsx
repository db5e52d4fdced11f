// One device: every field its description names with the last value and its age, history of a chosen field, commands, events.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { DeviceAnswer, EventItem, KindDescription } from '../answers.ts';
import { DeviceChart } from '../chart/device-chart.tsx';
import { fleets, numericFields, type Fields } from '../live/fleet.ts';
import { kindColour, shownField } from '../map/looks.ts';
import { css } from '../map/colour.ts';
import { devicePath, getJson } from '../rest.ts';
import { clock, events, fleetStep, kinds, language, openAlarms, selection, theme, type Selection } from '../session.ts';
import { formatClock, formatDuration, formatValue } from '../text/format.ts';
import { labelOf, t } from '../i18n/text.ts';
import { AlarmList } from './alarms.tsx';
import { CENTRE } from '../buses/centre.ts';
import { BusesDecisions } from './buses-decisions.tsx';
import { CommandPanel } from './command-panel.tsx';
import { DeviceHappenings } from './device-happenings.tsx';
import { Icon } from './icons.tsx';

export function DevicePanel({ chosen: { kind, device } }: { readonly chosen: Selection }): JSX.Element {
  const asked = useSignal<DeviceAnswer | null>(null);
  const missing = useSignal(false);
  const description = kinds.value?.find((other) => other.kind === kind);
  void fleetStep.value;
  const fleet = fleets.get(kind);
  const index = fleet?.indexOf.get(device);

  useEffect(() => {
    asked.value = null;
    missing.value = false;
    getJson<DeviceAnswer>(devicePath(kind, device))
      .then((answer) => (asked.value = answer))
      .catch(() => (missing.value = true));
  }, [kind, device]);

  const fields = index === undefined ? asked.value?.fields : fleet!.fields[index]!;
  const ts = index === undefined ? asked.value?.ts : fleet!.ts[index]!;
  return (
    <article class="device slide-in">
      <header class="device-head">
        <button type="button" class="plain" aria-label={t('back')} onClick={() => (selection.value = null)}>
          <Icon name="back" />
        </button>
        <i class="dot" style={{ background: css(kindColour(kind, theme.value)) }} />
        <div>
          <h2 data-testid="device-title">{device}</h2>
          <span class="quiet">{description === undefined ? kind : labelOf(description)}</span>
        </div>
        {ts !== undefined && <Age ts={ts} />}
      </header>
      {fields === undefined && missing.value && <p class="empty">{t('notFound', { kind, device })}</p>}
      {fields === undefined && !missing.value && <div class="skeleton skeleton-table" aria-label={t('loading')} />}
      {fields !== undefined && description !== undefined && (
        <DeviceBody kind={description} device={device} fields={fields} />
      )}
    </article>
  );
}

function Age({ ts }: { readonly ts: number }): JSX.Element {
  const seconds = Math.max(0, ((clock.value?.simTimeMs ?? ts) - ts) / 1000);
  return <span class="age quiet">{t('age', { age: formatDuration(seconds, language.value) })}</span>;
}

interface BodyProps {
  readonly kind: KindDescription;
  readonly device: string;
  readonly fields: Readonly<Fields>;
}

function DeviceBody({ kind, device, fields }: BodyProps): JSX.Element {
  const charted = numericFields(kind).map(([name]) => name);
  const preferred = shownField({ description: kind, fields: [fields] }, undefined);
  const start = preferred !== undefined && charted.includes(preferred) ? preferred : charted[0];
  const chosen = useSignal<{ readonly kind: string; readonly field: string | undefined }>({
    kind: kind.kind,
    field: start,
  });
  const field = chosen.value.kind === kind.kind ? chosen.value.field : start;
  const raised = openAlarms.value.filter((alarm) => alarm.kind === kind.kind && alarm.device === device);
  return (
    <>
      {raised.length > 0 && (
        <section>
          <h3>{t('alarms')}</h3>
          <AlarmList alarms={raised} />
        </section>
      )}
      {field !== undefined && (
        <section>
          <h3 class="chart-head">
            {t('history')}
            <select
              aria-label={t('field')}
              value={field}
              onChange={(event) => (chosen.value = { kind: kind.kind, field: event.currentTarget.value })}
            >
              {charted.map((name) => (
                <option key={name} value={name}>
                  {labelOf(kind.fields[name]!)}
                </option>
              ))}
            </select>
          </h3>
          <DeviceChart kind={kind.kind} device={device} field={field} described={kind.fields[field]!} />
        </section>
      )}
      <CommandPanel kind={kind} device={device} />
      <DeviceHappenings kind={kind.kind} device={device} />
      <section>
        <h3>{t('values')}</h3>
        <table class="values">
          <tbody>
            {Object.entries(kind.fields).map(([name, described]) => (
              <tr key={name}>
                <th scope="row">{labelOf(described)}</th>
                <td class={fields[name] === undefined ? 'quiet' : ''}>
                  {formatValue(
                    fields[name],
                    name === 'lat' || name === 'lon' ? name : described.unit,
                    language.value,
                    described.resolution,
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {kind.kind === CENTRE ? (
        <BusesDecisions />
      ) : (
        <DeviceEvents
          kind={kind}
          list={events.value.filter((event) => event.kind === kind.kind && event.device === device)}
        />
      )}
    </>
  );
}

function DeviceEvents({
  kind,
  list,
}: {
  readonly kind: KindDescription;
  readonly list: readonly EventItem[];
}): JSX.Element {
  const offset = clock.value?.utcOffsetMin ?? 0;
  return (
    <section>
      <h3>{t('events')}</h3>
      {list.length === 0 && <p class="empty">{t('noEvents')}</p>}
      <ul class="events">
        {list.slice(0, 30).map((event) => (
          <li key={`${event.ts} ${event.seq}`}>
            <time>{formatClock(event.ts, offset, language.value)}</time>
            {kind.events?.[event.name] === undefined ? event.name : labelOf(kind.events[event.name]!)}
            {event.state === undefined ? '' : ` (${event.state})`}
          </li>
        ))}
      </ul>
    </section>
  );
}
