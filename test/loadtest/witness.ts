// An independent subscriber: mosquitto_sub in its own process writes a line for each message, and what it saw is counted from the bytes, for
// each publisher by itself. It shares no code of ours but the place of two numbers in a payload.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { program } from '../parts.ts';
import { eventually } from '../city-process.ts';

/** Where payload.ts says they are, in bytes. */
const PUBLISHER_AT = 16;
const SEQUENCE_AT = 20;
const HELLO = 'load/hello';

export interface Testimony {
  readonly count: number;
  readonly publishers: number;
  /** Sequences below the highest of their publisher that never came. */
  readonly missing: number;
  readonly repeated: number;
  /** Came after a later one of the same publisher. */
  readonly late: number;
}

export interface Witness {
  /** Waits until it saw that many, or nothing for 5 s, ends it, and says what it saw. */
  testimony(awaited: number): Promise<Testimony>;
}

/**
 * To `load/+` at that QoS, for messages of that size: a rehearsal's are smaller. It gets a retained message with its SUBACK, so its first line says that it is
 * there.
 */
export async function startWitness(port: number, qos: 0 | 1 | 2, sizeBytes: number): Promise<Witness> {
  spawnSync('mosquitto_pub', ['-p', String(port), '-t', HELLO, '-q', '1', '-r', '-m', 'x'], { timeout: 5000 });
  const filter = ['-t', 'load/+', '-q', String(qos), '-F', '%t %x'];
  const child = spawn('stdbuf', ['-oL', program('mosquitto_sub')!, '-p', String(port), ...filter]);
  const payloads: string[] = [];
  let awake = false;
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith(HELLO)) awake = true;
    const [, hex = ''] = line.split(' ');
    if (hex.length === 2 * sizeBytes) payloads.push(hex);
  });
  await eventually('mosquitto_sub to subscribe', () => awake || undefined, 5000);
  return {
    testimony: async (awaited) => {
      for (let before = -1; payloads.length < awaited && payloads.length > before;) {
        before = payloads.length;
        await eventually('the witness', () => payloads.length >= awaited || undefined, 5000).catch(() => undefined);
      }
      child.kill('SIGTERM');
      await once(child, 'close');
      return heard(payloads);
    },
  };
}

function heard(payloads: readonly string[]): Testimony {
  const seen = new Map<number, Set<number>>();
  let [repeated, late] = [0, 0];
  const highest = new Map<number, number>();
  for (const hex of payloads) {
    const word = (at: number) => Number.parseInt(hex.slice(2 * at, 2 * at + 8), 16);
    const [publisher, sequence] = [word(PUBLISHER_AT), word(SEQUENCE_AT)];
    const own = seen.get(publisher) ?? new Set();
    seen.set(publisher, own);
    if (own.has(sequence)) repeated++;
    else if (sequence < (highest.get(publisher) ?? -1)) late++;
    own.add(sequence);
    highest.set(publisher, Math.max(sequence, highest.get(publisher) ?? -1));
  }
  const missing = [...seen].reduce((sum, [publisher, own]) => sum + highest.get(publisher)! + 1 - own.size, 0);
  return { count: payloads.length, publishers: seen.size, missing, repeated, late };
}
