// Where each message goes by its topic. The hot path, telemetry of a known device, looks its topic up and takes nothing apart: names of
// known devices are good names.
import { LOAD_KIND, show } from '../telemetry/description.ts';
import { Rejection } from '../telemetry/json-codec.ts';
import type { Ack, Frame, Take } from '../telemetry/messages.ts';
import { parseTopic } from '../telemetry/topics.ts';
import type { CityClock } from './city-clock.ts';
import type { Commands } from './commands.ts';
import type { Ingest } from './ingest.ts';
import { KnownDevices } from './known-devices.ts';
import type { Kinds } from './kinds.ts';
import type { Rejected } from './rejected.ts';
import type { ScenarioBoard } from './scenario-board.ts';
import type { Shares } from './shares.ts';
import type { Transit } from './transit/transit.ts';

export interface InboxParts {
  readonly city: string;
  readonly kinds: Kinds;
  readonly ingest: Ingest;
  readonly rejected: Rejected;
  readonly clock: CityClock;
  readonly scenario: ScenarioBoard;
  readonly shares: Shares;
  readonly transit: Transit;
  readonly commands: Commands;
  /** Wall time, ms. */
  readonly now: () => number;
  readonly onAck: (kind: string, device: string, ack: Ack) => void;
}

/** Address of the scenario's commands. */
export const SCENARIO = 'scenario';

const OTHERS = ['truth/', 'hfp/', '$'];

export function createTake(parts: InboxParts): Take {
  const { city, kinds, ingest } = parts;
  const known = new KnownDevices(city, kinds);
  const loadPrefix = `city/${city}/${LOAD_KIND}/`;
  return (frame) => {
    const { topic } = frame;
    const device = known.find(topic);
    if (device) return ingest.take('telemetry', device.kind, device.id, frame);
    return topic.startsWith(loadPrefix) ? undefined : takeAny(parts, frame);
  };
}

function takeAny(parts: InboxParts, frame: Frame): Promise<void> | undefined {
  const { payload } = frame;
  // Ground truth, the broker's own figures and what we say ourselves in another format are for others.
  if (OTHERS.some((start) => frame.topic.startsWith(start))) return undefined;
  const topic = parseTopic(frame.topic);
  if (!topic || topic.city !== parts.city) {
    const expected = topic ? `topics of city ${parts.city}` : 'a topic like city/{city}/{kind}/{device}/telemetry';
    const cause = topic ? 'other-city' : 'foreign-topic';
    return parts.rejected.add(cause, `expected ${expected}, got ${show(frame.topic)}`, {
      topic: frame.topic,
      payload,
    });
  }
  if (topic.type === 'telemetry' || topic.type === 'event')
    return parts.ingest.take(topic.type, topic.kind, topic.device, frame);
  if (topic.type === 'kind') return parts.kinds.take(topic.kind, payload, frame.topic);
  try {
    if (topic.type === 'clock') {
      parts.clock.take(payload, parts.now());
      parts.transit.tick();
    } else if (topic.type === 'timetable') parts.transit.takeTimetable(topic.line, payload);
    else if (topic.type === 'arrivals') parts.transit.takeArrivals(topic.line, payload);
    else if (topic.type === 'counters') parts.shares.take(topic.part, payload);
    else if (topic.type === 'scenarioState') parts.scenario.take(payload);
    else if (topic.type === 'scenarioAck') parts.commands.take(SCENARIO, payload);
    else if (topic.type === 'status') takeStatus(parts.kinds, topic.kind, topic.device, payload);
    else if (topic.type === 'ack') {
      const ack = parts.commands.take(`${topic.kind}/${topic.device}`, payload);
      parts.onAck(topic.kind, topic.device, ack);
    }
  } catch (error) {
    const cause = error instanceof Rejection ? error.reason : 'internal';
    const device = 'device' in topic ? { kind: topic.kind, device: topic.device } : {};
    return parts.rejected.add(cause, (error as Error).message, { topic: frame.topic, ...device, payload });
  }
  return undefined;
}

/** Of devices that are known; an empty payload takes a retained status back. */
function takeStatus(kinds: Kinds, kindName: string, device: string, payload: Uint8Array): void {
  if (payload.length === 0) return;
  const text = payload.length > 16 ? '' : Buffer.from(payload).toString('latin1');
  if (text !== 'online' && text !== 'offline')
    throw new Rejection('bad-status', `status must be online or offline, got ${show(text)}`);
  const kind = kinds.get(kindName);
  const handle = kind?.devices.handleOf(device);
  if (handle !== undefined) kind!.latest.setOnline(handle, text === 'online');
}
