// Forms for the commands of a device, built from their JSON Schemas, and how far each command has come.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import type { CommandDescription } from '../../telemetry/description.ts';
import type { KindDescription } from '../answers.ts';
import { formArgs, formFields, type FieldProblem, type FormField } from '../command-form.ts';
import { sendCommand, sentCommands, type SentCommand } from '../commands.ts';
import { labelOf, t, type TextKey } from '../i18n/text.ts';

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
      {fields.map((field) => (
        <Input
          key={field.name}
          field={field}
          id={`${name}-${field.name}`}
          text={texts.value[field.name] ?? field.initial}
          problem={problems.value[field.name]}
          onText={(text) => (texts.value = { ...texts.value, [field.name]: text })}
        />
      ))}
      <button type="submit" class="send">
        {t('send')}
      </button>
      <CommandState sent={sent} />
    </form>
  );
}

interface InputProps {
  readonly field: FormField;
  readonly id: string;
  readonly text: string;
  readonly problem: FieldProblem | undefined;
  readonly onText: (text: string) => void;
}

function Input({ field, id, text, problem, onText }: InputProps): JSX.Element {
  const common = { id, name: field.name, 'aria-invalid': problem !== undefined, 'aria-describedby': `${id}-note` };
  const limits =
    field.min !== undefined && field.max !== undefined
      ? t('between', { min: field.min, max: field.max })
      : (field.hint ?? '');
  const note = problem === undefined ? limits : t(problem, { min: field.min ?? '', max: field.max ?? '' });
  return (
    <label class="command-field" for={id}>
      <span>{field.title}</span>
      {field.type === 'enum' ? (
        <select {...common} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {!field.required && <option value="" />}
          {field.choices!.map((choice) => (
            <option key={choice} value={String(choice)}>
              {String(choice)}
            </option>
          ))}
        </select>
      ) : field.type === 'boolean' ? (
        <input
          {...common}
          type="checkbox"
          checked={text === 'true'}
          onChange={(event) => onText(String(event.currentTarget.checked))}
        />
      ) : (
        <input
          {...common}
          type="text"
          inputMode={field.type === 'integer' ? 'numeric' : field.type === 'number' ? 'decimal' : 'text'}
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      )}
      <small id={`${id}-note`} class={problem === undefined ? 'quiet' : 'problem'}>
        {note}
      </small>
    </label>
  );
}

const FINAL = new Set(['done', 'rejected', 'expired', 'failed']);

function CommandState({ sent }: { readonly sent: SentCommand | undefined }): JSX.Element {
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
