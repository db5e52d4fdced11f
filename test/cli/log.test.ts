// The log as people read it on a terminal, with names that strangers have chosen.
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { readable } from '../../cli/log.ts';

it.each([
  ['a user name', 'name', 'ann\n[00:00:00] INFO: access: logged in'],
  ['a client id', 'client', 'a\n[00:00:00] INFO: access: logged in'],
  ['an escape sequence', 'name', 'ann\u001B[2J\u001B[1A'],
  ['a control sequence of one character', 'client', 'a\u009B2J\u009B1A'],
  ['text that runs backwards', 'name', 'ann\u202E)nimda('],
])('%s stays on its line and commands nothing', (_, key, value) => {
  let text = '';
  const log = pino(
    { base: null },
    readable((more) => (text += more)),
  );
  log.warn({ audit: 'refused', [key]: value }, 'access: logins were refused');
  expect(text).toContain('access: logins were refused');
  expect(text).not.toMatch(/^\[00:00:00\]/m);
  // oxlint-disable-next-line no-control-regex -- colours are ours
  expect(text.replace(/\u001B\[\d+m/g, '')).not.toMatch(/[\u001B\u007F-\u009F\u202E]/);
});
