// The log of a command: one line each, readable on a terminal, NDJSON elsewhere; on stderr when stdout belongs to the result.
import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export function createLog(settings: { readonly json: boolean; readonly logLevel: string }): Logger {
  const toStderr = settings.json;
  const terminal = (toStderr ? process.stderr : process.stdout).isTTY;
  const destination = toStderr ? 2 : 1;
  const options = { level: settings.logLevel, base: null };
  if (!terminal) return pino(options, pino.destination({ dest: destination, sync: true }));
  return pino(
    options,
    pretty({
      destination,
      sync: true,
      colorize: process.env.NO_COLOR === undefined,
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss',
    }),
  );
}
