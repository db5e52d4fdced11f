// Stands between the parser and Aedes for what Aedes takes amiss: over-long topics, for which it ends the connection of their sender, are to be refused
// like any other bad topic, and packets that change subscriptions go to it in turn. It judges nothing.
import type { Client } from 'aedes';
import { NOWHERE } from './memory.ts';
import { isTopic } from './roles.ts';

/** Topics longer than this are looked at before Aedes sees them: it ends the connection at 100 levels. */
const SUSPICIOUS_LENGTH = 100;

export interface Shield {
  /** A PUBACK that did not go the short way, of a session that ends with its connection. */
  acknowledged(packetId: number): void;
  /** Calls handOn when it is the packet's turn. */
  inTurn(change: 'subscribe' | 'unsubscribe', handOn: () => void): void;
}

/** Before the client's first byte. */
export function shieldFromAedes(client: Client, shield: Shield): void {
  const { _parser: parser } = client as Client & { _parser: NodeJS.EventEmitter };
  const [toAedes] = parser.listeners('packet');
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: { cmd: string; topic: string; messageId: number }) => {
    if (packet.cmd === 'publish' && packet.topic.length > SUSPICIOUS_LENGTH && !isTopic(packet.topic))
      packet.topic = NOWHERE;
    if (packet.cmd === 'puback' && client.clean) shield.acknowledged(packet.messageId);
    const handOn = (): void => toAedes!.call(parser, packet) as void;
    if (packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe') shield.inTurn(packet.cmd, handOn);
    else handOn();
  });
}
