// Clients that connect, lose their connections all at once when they are told to, and come back, in a process of their own: their sockets are
// as many as those of the broker. It says each time how many were let in, once all were answered.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { PacketWriter } from '../../mqtt/packets.ts';

export interface Storm {
  readonly port: number;
  readonly clients: number;
}

/** Such clients come from other machines: where they share one with the broker, they stand back. */
const NICE = 10;
const AT_ONCE = 200;

setPriority(NICE);
let sockets: Socket[] = [];

process.on('message', ({ port, clients }: Storm) => {
  for (const socket of sockets) socket.destroy();
  void comeIn(port, clients).then((letIn) => process.send!(letIn));
});
process.once('disconnect', () => process.exit(0));

async function comeIn(port: number, clients: number): Promise<number> {
  const isStorm = sockets.length > 0;
  sockets = [];
  const answers: Promise<boolean>[] = [];
  for (let at = 0; at < clients; at++) {
    answers.push(answerTo(port, at));
    // The first time they come as they would during a day.
    if (!isStorm && at % AT_ONCE === AT_ONCE - 1) await Promise.all(answers);
  }
  return (await Promise.all(answers)).filter((isIn) => isIn).length;
}

function answerTo(port: number, at: number): Promise<boolean> {
  const writer = new PacketWriter();
  writer.connect({ clientId: `storm ${at}`, cleanSession: true, keepAliveS: 120 });
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.write(writer.take());
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => resolve(chunk[0] === 0x20 && chunk[3] === 0));
    socket.on('close', () => resolve(false));
  });
}
