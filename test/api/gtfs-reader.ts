// A reader of static feeds for tests that shares nothing with the writer but the ZIP container.
import { unzipSync } from 'fflate';

export type Row = { readonly [column: string]: string };
export type Tables = { readonly [file: string]: Row[] };

export function readFeed(zip: Uint8Array): Tables {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return Object.fromEntries(
    Object.entries(unzipSync(zip)).map(([file, bytes]) => [file, readCsv(decoder.decode(bytes))]),
  );
}

/** RFC 4180, character by character. */
export function readCsv(text: string): Row[] {
  const lines: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted && character === '"' && text[at + 1] === '"') cell += text[at++];
    else if (character === '"') quoted = !quoted;
    else if (quoted || (character !== ',' && character !== '\n')) cell += character;
    else {
      lines.at(-1)!.push(cell.replace(/\r$/, ''));
      cell = '';
      if (character === '\n') lines.push([]);
    }
  }
  const [header, ...rows] = lines.filter((line) => line.length > 0);
  return rows.map((cells) => Object.fromEntries(header!.map((column, at) => [column, cells[at] ?? ''])));
}

/** `25:10:00` on `20260501` in a zone without summer time → s since 1970. */
export function instantS(date: string, time: string, utcOffsetMin: number): number {
  const [hours, minutes, seconds] = time.split(':').map(Number) as [number, number, number];
  const midnightMs = Date.parse(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T00:00:00Z`);
  return midnightMs / 1000 - utcOffsetMin * 60 + hours * 3600 + minutes * 60 + seconds;
}

/** Offset of a zone of the tz database, as this machine knows it. */
export function zoneOffsetMin(zone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  }).formatToParts(atMs);
  const part = (type: string) => Number(parts.find((one) => one.type === type)!.value);
  const localMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return Math.round((localMs - atMs) / 60_000);
}
