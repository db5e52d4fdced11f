// The log of a command, on stderr because stdout belongs to the result: readable on a terminal, NDJSON elsewhere. What others chose, such as
// a client id or a user name, can neither begin a line of its own nor command the terminal.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

const STDERR = 2;
/** Commands of a terminal that JSON does not escape (C1, ECMA-48), and what changes the direction of text (Unicode, bidirectional controls). */
const COMMANDS = /[\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

export function createLog(settings: { readonly logLevel: string }): Logger {
  const isTerminal = process.stderr.isTTY;
  const options = { level: settings.logLevel, base: null };
  const stderr = pino.destination({ dest: STDERR, sync: true });
  return isTerminal
    ? pino(
        options,
        readable((text) => stderr.write(text)),
      )
    : pino(options, stderr);
}

/** For people. write: takes whole lines */
export function readable(write: (text: string) => void): Writable {
  const destination = new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      write(text.toString().replace(COMMANDS, escaped));
      done();
    },
  });
  const colorize = process.env.NO_COLOR === undefined;
  // Pino means the logger's name, we a user's: it is printed as it is otherwise.
  const customPrettifiers = { name: (name: string | object) => JSON.stringify(name) };
  return pretty({ destination, sync: true, colorize, translateTime: 'SYS:HH:MM:ss', customPrettifiers });
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
