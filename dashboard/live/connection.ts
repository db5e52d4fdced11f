// Keeps the live stream open and hands what arrives to the session's signals and to the fleets. It decides nothing about drawing.
// When the connection is lost everything stays where it is; a new one continues it.
import { decodeLiveFrame, type LiveColumn } from '../../telemetry/live-frame.ts';
import type { Counters, LiveMessage } from '../answers.ts';
import { askAgain } from '../access.ts';
import { noteAck } from '../commands.ts';
import {
  addEvent,
  clock,
  connection,
  counters,
  fleetStep,
  heardAtMs,
  kinds,
  putAlarm,
  rates,
  roseAtMs,
  scenario,
} from '../session.ts';
import { backoffMs, randomUnit } from './backoff.ts';
import { fleetOf, type Fleet, type Fields } from './fleet.ts';
import { drawTime, simClock } from './sim-clock.ts';

/** The clock comes every second; this long without anything means the line is dead. */
const SILENCE_LIMIT_MS = 6_000;
/** Panels look at fleets at most this often. */
const STEP_EVERY_MS = 500;
/** Points of the message-rate area: twenty minutes at one a second. */
const RATES_KEPT = 1_200;
const MAX_HZ = 4;

interface KindOnLine {
  readonly fleet: Fleet;
  readonly columns: readonly LiveColumn[];
  /** Device ids by handle. */
  readonly ids: Map<number, string>;
}

/** Opens the stream and keeps it open until the returned function is called. */
export function startLive(address = `${location.origin.replace(/^http/, 'ws')}/live`): () => void {
  let socket: WebSocket | undefined;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  const open = (): void => {
    const line = new Map<number, KindOnLine>();
    socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => socket!.send(JSON.stringify({ type: 'subscribe', maxHz: MAX_HZ })));
    socket.addEventListener('message', (message: MessageEvent<string | ArrayBuffer>) => {
      attempt = 0;
      heardAtMs.value = Date.now();
      connection.value = 'live';
      clearTimeout(timer);
      timer = setTimeout(() => socket?.close(), SILENCE_LIMIT_MS);
      if (typeof message.data === 'string') takeMessage(JSON.parse(message.data) as LiveMessage, line);
      else takeFrame(new Uint8Array(message.data), line);
    });
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      if (stopped) return;
      connection.value = heardAtMs.value === 0 ? 'connecting' : 'lost';
      void askAgain();
      timer = setTimeout(open, backoffMs(attempt++, randomUnit()));
    });
  };
  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}

function takeMessage(message: LiveMessage, line: Map<number, KindOnLine>): void {
  if (message.type === 'hello') takeClock(message.clock);
  else if (message.type === 'clock') takeClock(message);
  else if (message.type === 'scenario') scenario.value = message.state;
  else if (message.type === 'counters') takeCounters(message);
  else if (message.type === 'event') addEvent(message);
  else if (message.type === 'alarm') putAlarm(message.alarm);
  else if (message.type === 'ack') noteAck(message.id, message.state, message.reason, message.ts);
  else if (message.type === 'kinds') takeKinds(message.kinds, line);
  else if (message.type === 'devices') {
    message.ids.forEach((id, index) => line.get(message.kind)?.ids.set(message.from + index, id));
  } else if (message.type === 'error') console.warn(`live stream: ${message.detail}`);
}

function takeClock(message: Extract<LiveMessage, { type: 'hello' }>['clock']): void {
  if (message === null) return;
  clock.value = message;
  simClock.hear(message, performance.now());
}

function takeCounters(message: Extract<LiveMessage, { type: 'counters' }>): void {
  noteRises(counters.value?.ingest, message.ingest);
  const before = counters.value?.ingest?.stored;
  const now = message.ingest?.stored;
  counters.value = message;
  if (before === undefined || now === undefined || now < before) return;
  rates.value = [...rates.value, { ts: Date.now(), perS: now - before }].slice(-RATES_KEPT);
}

function noteRises(before: Counters['ingest'], now: Counters['ingest']): void {
  if (before === undefined || now === undefined) return;
  const { rejected, gaps } = roseAtMs.value;
  if (now.rejected <= before.rejected && now.gaps <= before.gaps) return;
  roseAtMs.value = {
    rejected: now.rejected > before.rejected ? Date.now() : rejected,
    gaps: now.gaps > before.gaps ? Date.now() : gaps,
  };
}

function takeKinds(described: Extract<LiveMessage, { type: 'kinds' }>['kinds'], line: Map<number, KindOnLine>): void {
  for (const kind of described) {
    const ids = line.get(kind.index)?.ids ?? new Map<number, string>();
    line.set(kind.index, { fleet: fleetOf(kind), columns: kind.columns, ids });
  }
  kinds.value = [...line.values()].map((kind) => kind.fleet.description);
}

let lastStepMs = 0;
let stepTimer: ReturnType<typeof setTimeout> | undefined;

function takeFrame(bytes: Uint8Array, line: Map<number, KindOnLine>): void {
  const frame = decodeLiveFrame(bytes, (index) => line.get(index)?.columns ?? []);
  const kind = line.get(frame.kindIndex);
  if (kind === undefined) return;
  const time = drawTime();
  const heardMs = performance.now();
  for (const row of frame.rows) {
    const id = kind.ids.get(row.handle);
    if (id !== undefined) kind.fleet.take(id, row.ts, row.fields as Fields, time, heardMs);
  }
  stepTimer ??= setTimeout(step, Math.max(0, lastStepMs + STEP_EVERY_MS - heardMs));
}

function step(): void {
  stepTimer = undefined;
  lastStepMs = performance.now();
  fleetStep.value++;
}
