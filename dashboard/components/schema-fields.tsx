// The inputs of a JSON Schema's properties, for commands and events. It knows texts and problems, not what is done with them.
import type { JSX } from 'preact';
import type { FieldProblem, FormField } from '../command-form.ts';
import { t } from '../i18n/text.ts';
import { zhArgs, zhChoices } from '../i18n/zh-args.ts';
import { language } from '../session.ts';

interface FieldsProps {
  readonly fields: readonly FormField[];
  /** Begins the id of every input. */
  readonly name: string;
  readonly texts: { readonly [name: string]: string };
  readonly problems: { readonly [name: string]: FieldProblem };
  readonly onTexts: (texts: { readonly [name: string]: string }) => void;
}

export function SchemaFields({ fields, name, texts, problems, onTexts }: FieldsProps): JSX.Element {
  return (
    <>
      {fields.map((field) => (
        <Input
          key={field.name}
          field={field}
          id={`${name}-${field.name}`}
          text={texts[field.name] ?? field.initial}
          problem={problems[field.name]}
          onText={(text) => onTexts({ ...texts, [field.name]: text })}
        />
      ))}
    </>
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
      : (hintOf(field) ?? '');
  const note = problem === undefined ? limits : t(problem, { min: field.min ?? '', max: field.max ?? '' });
  return (
    <label class="command-field" for={id}>
      <span>{titleOf(field)}</span>
      {field.type === 'enum' ? (
        <select {...common} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {!field.required && <option value="" />}
          {field.choices!.map((choice) => (
            <option key={choice} value={String(choice)}>
              {language.value === 'zh' ? (zhChoices[choice] ?? choice) : choice}
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

function titleOf({ name, title }: FormField): string {
  return (language.value === 'zh' ? zhArgs[name] : undefined) ?? title;
}

/** In the language of the title. */
function hintOf({ name, hint }: FormField): string | undefined {
  return language.value === 'zh' && zhArgs[name] !== undefined ? undefined : hint;
}
