// The control centre over MQTT: subscribes to telemetry, lets the controllers decide, sends their commands.
import { randomUUID } from 'node:crypto';
import { Client } from '../mqtt/client.ts';
import { RecordDecoder, Rejection, parsePayload } from '../telemetry/json-codec.ts';
import { descriptionProblems } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import type { Decision } from '../telemetry/controller.ts';
import type { ClockMessage, Command } from '../telemetry/messages.ts';
import { clockTopic, deviceTopic, kindTopic, parseTopic } from '../telemetry/topics.ts';
import { createControllers } from './controllers.ts';

export interface ControlOptions {
  readonly city: string;
  readonly broker: {
    readonly host: string;
    readonly port: number;
    readonly username?: string;
    readonly password?: string;
  };
  readonly log: { info(message: string): void; warn(message: string): void };
}

export interface Control {
  /** Commands sent since the start. */
  readonly sent: number;
  stop(): Promise<void>;
}

/** Simulated seconds per second up to which decisions arrive in time. */
const MAX_SPEED = 120;

/** Connects and controls until stopped. @throws when the broker refuses us for ever */
export async function startControl({ city, broker, log }: ControlOptions): Promise<Control> {
  const controllers = createControllers();
  const kinds = [...new Set(controllers.flatMap(({ reads }) => reads))];
  const decoders = new Map<string, RecordDecoder>();
  let sent = 0;
  let clock: ClockMessage | undefined;

  const onMessage = (topicText: string, payload: Uint8Array): void => {
    const topic = parseTopic(topicText);
    try {
      if (topic?.type === 'kind') learn(topic.kind, payload);
      else if (topic?.type === 'clock') clock = parsePayload(payload) as unknown as ClockMessage;
      else if (topic?.type === 'telemetry') steer(topic.kind, topic.device, payload);
    } catch (error) {
      // The api counts and shows bad records; here they are just no reason to act.
      if (!(error instanceof Rejection)) throw error;
    }
  };

  const learn = (kind: string, payload: Uint8Array): void => {
    const decoder = decoderOf(payload);
    if (decoder !== undefined) decoders.set(kind, decoder);
  };

  const steer = (kind: string, device: string, payload: Uint8Array): void => {
    const record = decoders.get(kind)?.decode(device, payload);
    if (record === undefined) return;
    // In a city that runs this fast a command would reach the bus stops later.
    const inTime = clock !== undefined && clock.speed !== 'max' && clock.speed <= MAX_SPEED;
    for (const controller of controllers) {
      if (!controller.reads.includes(kind)) continue;
      controller.observe(record);
      for (const decision of controller.decide(record.ts)) if (inTime) send(decision);
    }
  };

  const send = ({ kind, device, command, why }: Decision): void => {
    sent++;
    log.info(why);
    const message: Command = { ...command, id: randomUUID() };
    const payload = new TextEncoder().encode(JSON.stringify(message));
    void client.publish(deviceTopic(city, kind, device, 'command'), payload, 1);
  };

  const client = new Client({ ...broker, clientId: `control-${city}`, onMessage });
  await client.start();
  const filters = [
    clockTopic(city),
    ...kinds.flatMap((kind) => [kindTopic(city, kind), deviceTopic(city, kind, '+', 'telemetry')]),
  ];
  const granted = await client.subscribe(filters.map((filter) => ({ filter, qos: 0 })));
  const refused = filters.filter((_, index) => granted[index]! > 2);
  if (refused.length > 0) throw new Error(`the broker refuses the subscriptions ${refused.join(', ')}`);
  return {
    get sent() {
      return sent;
    },
    stop: () => client.stop(),
  };
}

function decoderOf(payload: Uint8Array): RecordDecoder | undefined {
  const description = parsePayload(payload);
  return descriptionProblems(description).length === 0
    ? new RecordDecoder(description as unknown as Description)
    : undefined;
}
