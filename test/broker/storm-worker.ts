// So many clients that connect at once, in a thread of their own; it says how many were let in, once all were answered.
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { PacketWriter } from '../../mqtt/packets.ts';

const { port, clients } = workerData as { port: number; clients: number };
let answered = 0;
let letIn = 0;

function answer(isIn: boolean): void {
  if (isIn) letIn++;
  if (++answered === clients) parentPort!.postMessage(letIn);
}

for (let at = 0; at < clients; at++) {
  const writer = new PacketWriter();
  writer.connect({ clientId: `storm ${at}`, cleanSession: true, keepAliveS: 60 });
  const socket = connect(port, '127.0.0.1');
  socket.write(writer.take());
  socket.on('error', () => undefined);
  let isAnswered = false;
  socket.on('data', (chunk: Buffer) => {
    isAnswered = true;
    answer(chunk[0] === 0x20 && chunk[3] === 0);
  });
  socket.on('close', () => {
    if (!isAnswered) answer(false);
  });
}
