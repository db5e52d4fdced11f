// The command-line tools that people have: mosquitto_pub and mosquitto_sub against our broker.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeWith } from '../parts.ts';
import { start, until } from './start.ts';

const run = promisify(execFile);
const TIMEOUT = { timeout: 5000 };

describeWith(['mosquitto_pub', 'mosquitto_sub'], 'mosquitto clients', () => {
  it.each(['0', '1', '2'])('publish at QoS %s', async (qos) => {
    const broker = await start();
    const at = ['-h', '127.0.0.1', '-p', `${broker.port}`];
    await run('mosquitto_pub', [...at, '-q', qos, '-t', 'city/wuxi/door/d-1/telemetry', '-m', '{"ts":1}'], TIMEOUT);
    await until(() => broker.frames.length === 1);
    expect(broker.frames[0]).toMatchObject({ topic: 'city/wuxi/door/d-1/telemetry', qos: Number(qos) });
    expect(Buffer.from(broker.frames[0]!.payload).toString()).toBe('{"ts":1}');
  });

  it('subscribe and receive retained and live messages', async () => {
    const broker = await start();
    await broker.publish('city/wuxi/clock', Buffer.from('tick'), { qos: 0, retain: true });
    const at = ['-h', '127.0.0.1', '-p', `${broker.port}`];
    const child = spawn('mosquitto_sub', [...at, '-q', '1', '-v', '-C', '2', '-t', 'city/wuxi/#'], TIMEOUT);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('tick'));
    await broker.publish('city/wuxi/bus/b/event', Buffer.from('hello'), { qos: 1, retain: false });
    await once(child, 'close');
    expect(text).toBe('city/wuxi/clock tick\ncity/wuxi/bus/b/event hello\n');
  });

  it('are told about a refused subscription', async () => {
    const broker = await start();
    const at = ['-h', '127.0.0.1', '-p', `${broker.port}`];
    const failed = await run('mosquitto_sub', [...at, '-t', '$share/g/city/#'], TIMEOUT).catch((error: Error) => error);
    expect((failed as { stderr: string }).stderr).toContain('denied');
  });
});
