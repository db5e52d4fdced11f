import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveColumn, LiveFrame, LiveRow } from '../../telemetry/live-frame.ts';
import { decodeLiveFrame } from '../../telemetry/live-frame.ts';
import {
  NOW,
  allSettled,
  bus,
  countersOf,
  describeKind,
  frame,
  scenarioState,
  startCity,
  telemetry,
  until,
} from './city.ts';
import type { TestCity } from './city.ts';

interface Message {
  readonly type: string;
  readonly [key: string]: any;
}

/** A client that keeps all it got, frames decoded as the page decodes them. */
class Viewer {
  readonly texts: Message[] = [];
  readonly frames: LiveFrame[] = [];
  readonly socket: WebSocket;
  readonly #columns = new Map<number, LiveColumn[]>();
  readonly #ids = new Map<string, string>();
  closeCode: number | undefined;

  constructor(city: TestCity, options = {}) {
    this.socket = new WebSocket(`${city.base.replace('http', 'ws')}/live`, options);
    this.socket.on('message', (data: Buffer, isBinary) => (isBinary ? this.#frame(data) : this.#text(data.toString())));
    this.socket.on('close', (code) => (this.closeCode = code));
  }

  async subscribe(wish: object = {}): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) await new Promise((resolve) => this.socket.once('open', resolve));
    this.socket.send(JSON.stringify({ type: 'subscribe', maxHz: 10, ...wish }));
  }

  all(type: string): Message[] {
    return this.texts.filter((text) => text.type === type);
  }

  /** Newest fields by device id. */
  states(): { [device: string]: LiveRow['fields'] } {
    const states: { [device: string]: LiveRow['fields'] } = {};
    for (const { kindIndex, rows } of this.frames)
      for (const { handle, fields } of rows) states[this.#ids.get(`${kindIndex}/${handle}`)!] = fields;
    return states;
  }

  #text(text: string): void {
    const message = JSON.parse(text) as Message;
    this.texts.push(message);
    if (message.type === 'kinds') for (const kind of message.kinds) this.#columns.set(kind.index, kind.columns);
    if (message.type === 'devices') {
      message.ids.forEach((id: string, at: number) => this.#ids.set(`${message.kind}/${message.from + at}`, id));
    }
  }

  #frame(data: Buffer): void {
    this.frames.push(decodeLiveFrame(data, (index) => this.#columns.get(index)!));
  }
}

describe('the live stream', () => {
  let city: TestCity;
  const viewers: Viewer[] = [];
  const view = (options = {}) => {
    const viewer = new Viewer(city, options);
    viewers.push(viewer);
    return viewer;
  };
  beforeEach(async () => {
    city = await startCity();
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('b-1', { ts: NOW, seq: 1, lat: 31.5, lon: 120.3, speedMps: 5, line: '608' }));
    await city.api.take(telemetry('b-2', { ts: NOW, seq: 1, lat: 31.9, lon: 120.9, speedMps: 6, doorOpen: true }));
  });
  afterEach(async () => {
    for (const viewer of viewers.splice(0)) viewer.socket.terminate();
    await city.api.close();
  });

  it('greets, then shows every device and what changes', async () => {
    const viewer = view();
    await until(() => viewer.texts.length === 1);
    expect(viewer.texts[0]).toEqual({ type: 'hello', version: 1, city: 'wuxi', clock: null });
    await viewer.subscribe();
    await until(() => viewer.frames.length === 1);
    expect(viewer.states()).toEqual({
      'b-1': { lat: 31.5, lon: 120.3, speedMps: 5, line: '608' },
      'b-2': { lat: 31.9, lon: 120.9, speedMps: 6, doorOpen: true },
    });
    await city.api.take(telemetry('b-2', { ts: NOW + 1000, seq: 2, speedMps: 7 }));
    await until(() => viewer.frames.length === 2);
    expect(viewer.frames[1]!.rows).toEqual([
      { handle: 1, ts: NOW + 1000, fields: { lat: 31.9, lon: 120.9, speedMps: 7 } },
    ]);
    expect(viewer.all('devices')).toHaveLength(1);
  });

  it('shows only what was asked for, and another wish replaces the one before', async () => {
    const viewer = view();
    await viewer.subscribe({ kinds: ['bus'], bbox: [120.2, 31.4, 120.4, 31.6], fields: ['speedMps'] });
    await until(() => viewer.frames.length === 1);
    expect(viewer.states()).toEqual({ 'b-1': { lat: 31.5, lon: 120.3, speedMps: 5 } });
    await viewer.subscribe({ fields: ['line'] });
    await until(() => viewer.frames.length === 2);
    expect(viewer.states()).toEqual({
      'b-1': { lat: 31.5, lon: 120.3, line: '608' },
      'b-2': { lat: 31.9, lon: 120.9 },
    });
    await viewer.subscribe({ kinds: ['tram'] });
    await until(() => viewer.all('kinds').at(-1)!.kinds.length === 0);
    expect(viewer.frames).toHaveLength(2);
  });

  it('answers a wish that makes no sense with the reason', async () => {
    const viewer = view();
    await viewer.subscribe({ maxHz: 99 });
    await until(() => viewer.all('error').length === 1);
    expect(viewer.all('error')[0]!.detail).toBe('maxHz must be 0.1…10, got 99');
  });

  it('tells events, alarms, acks and new kinds at once', async () => {
    const viewer = view();
    await viewer.subscribe();
    await until(() => viewer.frames.length === 1);
    await city.api.take(frame('city/wuxi/bus/b-1/event', { ts: NOW, seq: 2, name: 'breakdown', state: 'raised' }));
    void city.api.take(frame('city/wuxi/bus/b-1/ack', { id: 'c-1', state: 'done', ts: NOW }));
    await city.api.take(describeKind({ ...bus, kind: 'tram' }));
    await until(() => viewer.all('kinds').length === 2 && viewer.all('ack').length === 1);
    expect(viewer.all('event')).toMatchObject([{ kind: 'bus', device: 'b-1', name: 'breakdown', state: 'raised' }]);
    expect(viewer.all('alarm')).toMatchObject([{ alarm: { device: 'b-1', severity: 'critical' } }]);
    expect(viewer.all('ack')).toEqual([{ type: 'ack', kind: 'bus', device: 'b-1', id: 'c-1', state: 'done', ts: NOW }]);
    expect(viewer.all('kinds')[1]!.kinds.map((kind: { kind: string }) => kind.kind)).toEqual(['bus', 'tram']);
  });

  it('tells the clock and the counters every second', async () => {
    const clock = { simTimeMs: NOW, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'demo', seed: 1 };
    void city.api.take(frame('city/wuxi/clock', clock));
    const viewer = view();
    await viewer.subscribe();
    await until(() => viewer.all('clock').length === 1 && viewer.all('counters').length === 1);
    expect(viewer.all('clock')[0]).toEqual({ type: 'clock', ...clock });
    expect(viewer.all('counters')[0]!.ingest.stored).toBe(2);
  });

  it('shows the newest scenario state to who subscribes, and every change of it', async () => {
    const publish = (state: object | string) => city.api.take(frame('city/wuxi/scenario/state', state));
    void publish({ ...scenarioState, title: 'Rehearsal' });
    void publish(scenarioState);
    const viewer = view();
    await viewer.subscribe({ kinds: [] });
    await until(() => viewer.all('scenario').length === 1);
    expect(viewer.all('scenario')).toEqual([{ type: 'scenario', state: scenarioState }]);
    void publish({ ...scenarioState, timeline: [] });
    await until(() => viewer.all('scenario').length === 2);
    expect(viewer.all('scenario')[1]!.state.timeline).toEqual([]);
    void publish('');
    await until(() => viewer.all('scenario').length === 3);
    expect(viewer.all('scenario')[2]).toEqual({ type: 'scenario', state: null });
  });

  it('lets a slow client skip to the newest state while another one sees every step', { timeout: 20_000 }, async () => {
    const crowd = 20_000;
    const report = (seq: number) =>
      allSettled(
        Array.from({ length: crowd }, (_, index) =>
          city.api.take(
            telemetry(`c-${index}`, { ts: NOW + seq, seq, lat: 31, lon: 120, speedMps: seq, line: `${index}` }),
          ),
        ),
      );
    const speedOf = (viewer: Viewer) => viewer.states()['c-19999']?.speedMps;
    const slow = view();
    const fast = view();
    await slow.subscribe();
    await fast.subscribe();
    await until(() => slow.frames.length > 0 && fast.frames.length > 0);
    slow.socket.pause();
    // Until the kernel's buffers are full and the server skips for the paused client.
    let seq = 0;
    while (countersOf(city.api).live.skipped === 0 && seq < 60) {
      await report(++seq);
      const newest = seq;
      await until(() => speedOf(fast) === newest);
      fast.frames.splice(0, fast.frames.length - 30);
    }
    expect(countersOf(city.api).live.skipped).toBeGreaterThan(0);
    expect(fast.frames.some(({ skipped }) => skipped)).toBe(false);
    await report(++seq);
    slow.socket.resume();
    await until(() => speedOf(slow) === seq);
    expect(slow.frames.some(({ skipped }) => skipped)).toBe(true);
    expect(slow.closeCode).toBeUndefined();
  });

  it('ends who sends more than the protocol needs', async () => {
    const viewer = view();
    await viewer.subscribe();
    viewer.socket.send('x'.repeat(20_000));
    await until(() => viewer.closeCode === 1009);
    const flood = view();
    await flood.subscribe();
    for (let count = 0; count < 200; count++) flood.socket.send('{}');
    await until(() => flood.closeCode === 1008);
  });

  it('is closed to foreign pages, and other paths are nobody’s until they are registered', async () => {
    const refusalOf = (path: string, options = {}) =>
      new Promise<string>((resolve) => {
        new WebSocket(`${city.base.replace('http', 'ws')}${path}`, options).on('error', (error) =>
          resolve(error.message),
        );
      });
    expect(await refusalOf('/live', { origin: 'http://evil.example' })).toContain('403');
    expect(await refusalOf('/mqtt')).toContain('404');
    const taken = new Promise<string>((resolve) => {
      city.api.upgrades.set('/mqtt', (request, socket) => {
        resolve(request.url!);
        socket.destroy();
      });
    });
    await refusalOf('/mqtt');
    expect(await taken).toBe('/mqtt');
  });

  it('says goodbye when the city closes', async () => {
    const viewer = view();
    await viewer.subscribe();
    await until(() => viewer.frames.length === 1);
    await city.api.close();
    await until(() => viewer.closeCode === 1001);
  });
});
