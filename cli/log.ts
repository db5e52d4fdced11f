// The log of a command, on stderr because stdout belongs to the result: readable on a terminal, NDJSON elsewhere.
import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

const STDERR = 2;

export function createLog(settings: { readonly logLevel: string }): Logger {
  const options = { level: settings.logLevel, base: null };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: STDERR, sync: true }));
  const colorize = process.env.NO_COLOR === undefined;
  return pino(options, pretty({ destination: STDERR, sync: true, colorize, translateTime: 'SYS:HH:MM:ss' }));
}
