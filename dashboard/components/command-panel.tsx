// Forms for the commands of a device, built from their JSON Schemas, and how far each command has come.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { CommandDescription } from '../../telemetry/description.ts';
import type { KindDescription } from '../answers.ts';
import { formArgs, formFields, type FieldProblem } from '../command-form.ts';
import { sendCommand, sentCommands, type SentCommand } from '../commands.ts';
import { labelOf, t, type TextKey } from '../i18n/text.ts';
import { SchemaFields } from './schema-fields.tsx';

export function CommandPanel({
  kind,
  device,
}: {
  readonly kind: KindDescription;
  readonly device: string;
}): JSX.Element | null {
  const commands = Object.entries(kind.commands ?? {});
  if (commands.length === 0) return null;
  return (
    <section>
      <h3>{t('commands')}</h3>
      {commands.map(([name, command]) => (
        <CommandForm
          key={`${kind.kind} ${device} ${name}`}
          kind={kind.kind}
          device={device}
          name={name}
          command={command}
        />
      ))}
    </section>
  );
}

interface FormProps {
  readonly kind: string;
  readonly device: string;
  readonly name: string;
  readonly command: CommandDescription;
}

function CommandForm({ kind, device, name, command }: FormProps): JSX.Element {
  const texts = useSignal<{ readonly [name: string]: string }>({});
  const problems = useSignal<{ readonly [name: string]: FieldProblem }>({});
  const fields = formFields(command.args);
  const submit = (event: Event): void => {
    event.preventDefault();
    const result = formArgs(fields, texts.value);
    problems.value = result.problems;
    if (Object.keys(result.problems).length === 0) void sendCommand(kind, device, name, result.args);
  };
  const sent = sentCommands.value.find(
    (other) => other.kind === kind && other.device === device && other.name === name,
  );
  return (
    <form class="command" data-testid={`command-${name}`} onSubmit={submit} noValidate>
      <span class="command-title">{labelOf(command)}</span>
      <SchemaFields
        fields={fields}
        name={name}
        texts={texts.value}
        problems={problems.value}
        onTexts={(changed) => (texts.value = changed)}
      />
      <button type="submit" class="send">
        {t('send')}
      </button>
      <CommandState sent={sent} />
    </form>
  );
}

const FINAL = new Set(['done', 'rejected', 'expired', 'failed']);

export function CommandState({ sent }: { readonly sent: SentCommand | undefined }): JSX.Element {
  const good = sent !== undefined && !['rejected', 'expired', 'failed'].includes(sent.state);
  return (
    <div class="command-state" data-testid="command-state" data-state={sent?.state ?? ''} role="status">
      {sent?.trail.map((state, index) => (
        <span
          key={state}
          class={`step ${good ? 'step-good' : index === sent.trail.length - 1 ? 'step-bad' : 'step-good'}`}
        >
          {t(state as TextKey)}
        </span>
      ))}
      {sent !== undefined && !FINAL.has(sent.state) && <span class="step step-open">…</span>}
      {sent?.reason !== undefined && <span class="quiet">{sent.reason}</span>}
    </div>
  );
}
