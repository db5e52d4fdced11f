// Letting something happen to one device: what the scenario's catalog has for its kind.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { InjectableEvent } from '../../telemetry/messages.ts';
import { labelOf, t } from '../i18n/text.ts';
import { newDraft } from '../scenario/injection.ts';
import { scenario } from '../session.ts';
import { EventForm } from './event-form.tsx';

/** Commands have forms of their own on this panel. */
const COMMAND = 'command';

export function DeviceHappenings({
  kind,
  device,
}: {
  readonly kind: string;
  readonly device: string;
}): JSX.Element | null {
  const entries = (scenario.value?.catalog ?? []).filter((entry) => entry.kind === kind && entry.event !== COMMAND);
  if (entries.length === 0) return null;
  return (
    <section data-testid="device-happenings">
      <h3>{t('letHappen')}</h3>
      {entries.map((entry) => (
        <details key={`${device} ${entry.event}`} class="let-happen" data-testid={`happen-${entry.event}`}>
          <summary>{labelOf(entry)}</summary>
          <OneHappening entry={entry} device={device} />
        </details>
      ))}
    </section>
  );
}

function OneHappening({ entry, device }: { readonly entry: InjectableEvent; readonly device: string }): JSX.Element {
  const own = useSignal(newDraft(entry, [device]));
  return <EventForm draft={own.value} onDraft={(change) => (own.value = { ...own.value, ...change })} />;
}
