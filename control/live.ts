// The control centre over MQTT: subscribes to telemetry, lets the controllers decide, sends their commands.
import { randomUUID } from 'node:crypto';
import { Client } from '../mqtt/client.ts';
import { RecordDecoder, Rejection, parsePayload } from '../telemetry/json-codec.ts';
import { descriptionProblems } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import type { ClockMessage, Command } from '../telemetry/messages.ts';
import { clockTopic, deviceTopic, kindTopic, parseTopic } from '../telemetry/topics.ts';
import { BusHolding } from './bus-holding.ts';

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
  /** Holds sent since the start. */
  readonly sent: number;
  stop(): Promise<void>;
}

/** Simulated time after which a hold that has not reached its bus makes no sense any more. */
const HOLD_EXPIRES_MS = 60_000;
/** Simulated seconds per second up to which decisions arrive in time. */
const MAX_SPEED = 120;

/** Connects and controls until stopped. @throws when the broker refuses us for ever */
export async function startControl({ city, broker, log }: ControlOptions): Promise<Control> {
  const holding = new BusHolding();
  let decoder: RecordDecoder | undefined;
  let sent = 0;
  let speed: ClockMessage['speed'] = 1;

  const onMessage = (topicText: string, payload: Uint8Array): void => {
    const topic = parseTopic(topicText);
    try {
      if (topic?.type === 'kind') decoder = decoderOf(payload) ?? decoder;
      else if (topic?.type === 'clock') speed = (parsePayload(payload) as unknown as ClockMessage).speed;
      else if (topic?.type === 'telemetry' && decoder !== undefined) steer(decoder, topic.device, payload);
    } catch (error) {
      // The api counts and shows bad records; here they are just no reason to act.
      if (!(error instanceof Rejection)) throw error;
    }
  };

  const steer = (records: RecordDecoder, device: string, payload: Uint8Array): void => {
    const hold = holding.observe(records.decode(device, payload));
    // In a city that runs this fast a hold would reach the bus stops later.
    if (hold === undefined || speed === 'max' || speed > MAX_SPEED) return;
    const command: Command = {
      id: randomUUID(),
      name: 'hold',
      args: { durationS: hold.durationS },
      expiresMs: HOLD_EXPIRES_MS,
    };
    sent++;
    log.info(`held ${hold.why}: ${hold.durationS} s`);
    void client.publish(
      deviceTopic(city, 'bus', hold.device, 'command'),
      new TextEncoder().encode(JSON.stringify(command)),
      1,
    );
  };

  const client = new Client({ ...broker, clientId: `control-${city}`, onMessage });
  await client.start();
  const filters = [clockTopic(city), kindTopic(city, 'bus'), deviceTopic(city, 'bus', '+', 'telemetry')];
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
