// What this machine must have so that a run can be made at all: file descriptors before it, and errors of connections that are its own and
// none of the target's. It judges no target.
import { readFileSync } from 'node:fs';
import type { Plan } from './plan.ts';
import { PlanError, countsOf } from './profiles.ts';

/** Errors of connect(2) and socket(2) that the target has no part in → what is short. Source: Linux manual pages connect(2), socket(2). */
const OWN_CAUSES: { readonly [code: string]: string } = {
  EMFILE: 'no more open files for this process, see ulimit -n',
  ENFILE: 'no more open files on this machine',
  EADDRNOTAVAIL: 'no more ports at the source address, see --source',
  EADDRINUSE: 'no more ports at the source address, see --source',
  ENOBUFS: 'no more memory for sockets',
  ENOMEM: 'no more memory',
  EPERM: 'forbidden by this machine, perhaps its firewall',
  EACCES: 'forbidden by this machine, perhaps its firewall',
};
/** Beside connections: Node itself, and each thread with its event loop. Measured with Node 24: 23 and 7; the rest is for files. */
const OWN_DESCRIPTORS = 40;
const THREAD_DESCRIPTORS = 12;
const LIMITS = '/proc/self/limits';

/** What was short, in words, for errors by cause; empty when each was the target's. */
export function shortageOf(errors: { readonly [cause: string]: number }): string[] {
  return Object.entries(OWN_CAUSES).flatMap(([code, what]) => {
    const count = errors[code] ?? 0;
    return count === 0 ? [] : [`${count} connections could not be begun: ${code}, ${what}`];
  });
}

/** Each connection takes a descriptor. limit: of a process. @throws PlanError when they do not suffice */
export function checkDescriptors(plan: Plan, limit = openFilesLimit()): void {
  const { connections, subscribers } = countsOf(plan);
  const [here, there] = plan.receiverProcess ? [connections - subscribers, subscribers] : [connections, 0];
  const threads = plan.workers + 1;
  const needed = Math.max(here + threads * THREAD_DESCRIPTORS, there) + OWN_DESCRIPTORS;
  if (needed <= limit) return;
  const split = plan.receiverProcess || subscribers === 0 ? '' : ' or --receiver-process';
  throw new PlanError(
    `${connections} connections need ${needed} open files in one process and it may have ${limit}; expected fewer, a higher ulimit -n${split}`,
  );
}

/** Of this process; Node raises the soft limit to the hard one when it starts. Infinity where the system does not tell. */
function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(LIMITS, 'utf8'))?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
