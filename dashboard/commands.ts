// Commands on their way: sends them, follows their acknowledgements, and remembers the newest for each device and name.
import { signal } from '@preact/signals';
import type { CommandAnswer } from './answers.ts';
import { devicePath, postJson, randomId } from './rest.ts';

/** Commands followed at a time; older ones are forgotten. */
const FOLLOWED = 100;

export interface SentCommand {
  readonly id: string;
  readonly kind: string;
  readonly device: string;
  readonly name: string;
  readonly args: object;
  readonly sentAtMs: number;
  readonly state: 'sent' | 'failed' | CommandAnswer['state'];
  /** Every state it went through, in order. */
  readonly trail: readonly string[];
  readonly reason?: string;
  /** Device time of its newest ack, simulated ms. */
  readonly ackedAtMs?: number;
}

export const sentCommands = signal<readonly SentCommand[]>([]);

export async function sendCommand(kind: string, device: string, name: string, args: object): Promise<void> {
  const id = randomId();
  const sent: SentCommand = { id, kind, device, name, args, sentAtMs: Date.now(), state: 'sent', trail: ['sent'] };
  sentCommands.value = [sent, ...sentCommands.value].slice(0, FOLLOWED);
  try {
    const answer = await postJson<CommandAnswer>(`${devicePath(kind, device)}/commands`, { id, name, args });
    noteAck(id, answer.state, answer.reason, answer.ts);
  } catch (error) {
    noteAck(id, 'failed', (error as Error).message);
  }
}

const RANK: { readonly [state: string]: number } = { sent: 0, waiting: 1, accepted: 2 };

/** States only move forwards: an answer that arrives late never takes "done" back. */
export function noteAck(id: string, state: SentCommand['state'], reason?: string, ts?: number): void {
  sentCommands.value = sentCommands.value.map((command) => {
    if (command.id !== id || (RANK[state] ?? 3) <= (RANK[command.state] ?? 3)) return command;
    const { reason: _before, ...rest } = command;
    const trail = [...command.trail, state];
    return {
      ...rest,
      state,
      trail,
      ...(reason === undefined ? {} : { reason }),
      ...(ts === undefined ? {} : { ackedAtMs: ts }),
    };
  });
}
