// What the simulator says of an event, `rainMmPerH 20, 3 of bus, Liangxi District`, in the words of the page. Parts that nobody knows stay as
// they are.
import type { InjectableEvent } from '../../telemetry/messages.ts';
import type { Label } from '../answers.ts';
import { formFields } from '../command-form.ts';
import { zhArgs, zhChoices } from '../i18n/zh-args.ts';
import type { Language } from '../url-state.ts';

export interface DetailWords {
  readonly entry: InjectableEvent | undefined;
  /** Districts and streets. */
  readonly places: readonly Label[];
  readonly kindTitle: (kind: string) => string;
  readonly language: Language;
}

export function detailText(detail: string, words: DetailWords): string {
  if (detail === '') return '';
  return detail
    .split(', ')
    .map((part) => argText(part, words) ?? targetText(part, words) ?? placeText(part, words))
    .join(words.language === 'zh' ? '，' : ', ');
}

function argText(part: string, { entry, language }: DetailWords): string | undefined {
  const [name = '', ...rest] = part.split(' ');
  const field = entry === undefined ? undefined : formFields(entry.args).find((known) => known.name === name);
  if (field === undefined) return undefined;
  const value = rest.join(' ');
  if (language === 'zh' && zhArgs[name] !== undefined)
    return withUnit(zhArgs[name], /^(.*)\((.*)\)$/, zhChoices[value] ?? value);
  return withUnit(field.title, /^(.*), (.*)$/, value);
}

/** `Rain, mm/h` and 20 → `Rain 20 mm/h`; notes in the place of a unit are left out. */
function withUnit(title: string, pattern: RegExp, value: string): string {
  const [, label = title, unit = ''] = pattern.exec(title) ?? [];
  return /^[^\s,\u4e00-\u9fff]{1,5}$/.test(unit) ? `${label} ${value}\u2009${unit}` : `${label} ${value}`;
}

function targetText(part: string, { kindTitle }: DetailWords): string | undefined {
  const [, count, kind] = /^(\d+(?: %)?) of ([a-z0-9-]+)$/.exec(part) ?? [];
  if (count !== undefined && kind !== undefined) return `${kindTitle(kind)} × ${count}`;
  const title = kindTitle(part);
  return title === part ? undefined : title;
}

function placeText(part: string, { places, language }: DetailWords): string {
  if (language === 'en') return part;
  const [, radiusM] = /^within (\d+) m$/.exec(part) ?? [];
  if (radiusM !== undefined) return `半径 ${radiusM}\u2009m 内`;
  return places.find(({ en }) => en === part)?.zh ?? part;
}
