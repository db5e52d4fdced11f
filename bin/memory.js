// V8 takes memory because a machine has it: up to 128 MB for what is young, and four times what it needs for what is old. A city's services get
// by with less, at nearly the same speed. Nothing is refused to them: what they need they get.
import { accessSync, constants } from 'node:fs';
import v8 from 'node:v8';

const SERVICES = new Set(['up', 'api', 'broker']);
/** MB, of which there are two. */
const YOUNG = '--max-semi-space-size=16';
/** After a backlog V8 takes every record for one that will live long, and never learns otherwise: each becomes garbage that only a full collection finds. */
const NOT_OLD_AT_BIRTH = '--no-allocation-site-pretenuring';
/** A heap that uses this much or less may double before it is collected the next time, a larger one may not; at 185 MB it may grow by 30 %. */
const MAY_DOUBLE_MB = 120;
const [LEAST_GROWTH, MOST_GROWTH] = [30, 100];
const LOOK_EVERY_MS = 250;
const MB = 1 << 20;

/** What Node must be told at its start. */
export function nodeFlags() {
  // V8 takes both, and what is on the command line counts more than NODE_OPTIONS.
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((word) =>
    /max[-_]semi[-_]space[-_]size/.test(word),
  );
  return SERVICES.has(process.argv[2]) && !given ? [YOUNG, NOT_OLD_AT_BIRTH] : [];
}

/** Starts the same command again in place of this process, with `nodeFlags`; returns where there are none, or where that would lose something. */
export function startWithFlags() {
  const flags = nodeFlags();
  if (flags.length === 0 || !canStartAgain()) return;
  const { execPath, execArgv, argv, env } = process;
  process.execve(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], env);
}

/** A failure could not be caught: Node ends the process. */
function canStartAgain() {
  if (process.execve === undefined || process.platform === 'win32') return false;
  // The channel of a `fork` would be lost, and a process with permissions may not do it.
  if (process.send !== undefined || process.permission !== undefined) return false;
  try {
    accessSync(process.execPath, constants.X_OK); // a Node that was updated meanwhile is gone
    return true;
  } catch {
    return false;
  }
}

/** As long as the process lives. */
export function keepHeapSmall() {
  if (!SERVICES.has(process.argv[2])) return;
  let before = 0;
  const look = () => {
    const { used_heap_size: used } = v8.getHeapStatistics();
    const growth = Math.round(((2 * MAY_DOUBLE_MB * MB) / used - 1) * 100);
    const percent = Math.min(Math.max(growth, LEAST_GROWTH), MOST_GROWTH);
    if (percent !== before) v8.setFlagsFromString(`--heap-growing-percent=${percent}`);
    before = percent;
  };
  look();
  setInterval(look, LOOK_EVERY_MS).unref();
}
