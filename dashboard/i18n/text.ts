// Finds the words of the chosen language. Components that call it follow the language signal by themselves.
import type { Labels } from '../../telemetry/description.ts';
import { language } from '../session.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type TextKey = keyof typeof en;
export type Texts = { readonly [key in TextKey]: string };

/** Text of a key, `{name}` replaced from values. */
export function t(key: TextKey, values: { readonly [name: string]: string | number } = {}): string {
  const text = (language.value === 'zh' ? zh : en)[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function labelOf(described: { readonly label: string; readonly labels?: Labels }): string {
  return (language.value === 'zh' ? described.labels?.zh : undefined) ?? described.label;
}
