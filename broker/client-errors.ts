// Why connections ended, as Aedes reports it: counts the faults of clients by cause, once for each of them. It ends nothing itself.
import type { Aedes, Client } from 'aedes';
import { FROZEN, OVERFLOW } from './slow-readers.ts';
import type { Log, Tally } from './tally.ts';

const CAUSES: { readonly [message: string]: string } = {
  'keep alive timeout': 'keep-alive',
  [FROZEN]: 'frozen-subscriber',
  [OVERFLOW]: 'slow-subscriber',
};
const KEEP_ALIVE_LIMIT = 6; // CONNACK code of Aedes' own

export function countClientErrors(aedes: Aedes, tally: Tally, log: Log): void {
  const failed = new WeakSet<Client>();
  const countOnce = (client: Client, error: Error): void => {
    if (failed.has(client)) return; // every delivery that was under way reports the same end
    failed.add(client);
    count(tally, error, client.id);
  };
  aedes.on('clientError', countOnce);
  aedes.on('connectionError', countOnce);
  (aedes as NodeJS.EventEmitter).on('error', (error: Error) => log.error({ err: error }, 'broker: internal error'));
}

/** Errors of the network carry a code, refusals a return code; what remains is a client that does not speak MQTT as it should. */
function count(
  tally: Tally,
  error: Error & { code?: string; errorCode?: number; returnCode?: number },
  client: string,
): void {
  if (error.code !== undefined || error.returnCode !== undefined || error.message === 'connection closed') return;
  const cause = error.errorCode === KEEP_ALIVE_LIMIT ? 'keep-alive-limit' : (CAUSES[error.message] ?? 'protocol');
  tally.refuse(cause, { client, reason: error.message });
}
