// How many devices do what how often: the usual shape of every profile, and named shapes that others measure brokers with. A shape becomes a
// plan in the command; nothing here knows the target.
import type { ProfileName } from './plan.ts';

/** Devices, rates and sizes of a run, before anyone changed them. */
export interface Shape {
  readonly profile: ProfileName;
  /** For `--list`. */
  readonly text: string;
  readonly publishers: number;
  readonly subscribers: number;
  /** More that connect and stay silent. */
  readonly idle: number;
  /** Published per second, over all publishers together. */
  readonly perS: number;
  readonly connectPerS: number;
  readonly qos: 0 | 1 | 2;
  readonly sizeBytes: number;
  /** After all are connected. */
  readonly durationS: number;
}

export interface Preset extends Shape {
  readonly name: string;
}

/** What emqtt-bench sends unless told otherwise. */
const SIZE_BYTES = 256;
const DURATION_S = 30;
const CONNECT_PER_S = 500;

const usual = { idle: 0, connectPerS: CONNECT_PER_S, sizeBytes: SIZE_BYTES, durationS: DURATION_S };

/** Small enough for a laptop that also runs the broker. */
export const SHAPES: { readonly [profile in ProfileName]: Shape } = {
  connect: {
    ...usual,
    profile: 'connect',
    text: 'devices connect at a steady rate and stay',
    publishers: 0,
    subscribers: 0,
    idle: 1000,
    perS: 0,
    connectPerS: 200,
    qos: 0,
  },
  publish: {
    ...usual,
    profile: 'publish',
    text: 'many publish, few subscribe to all of it (fan-in)',
    publishers: 50,
    subscribers: 1,
    perS: 1000,
    qos: 0,
  },
  'fan-out': {
    ...usual,
    profile: 'fan-out',
    text: 'few publish, each of many subscribers takes everything',
    publishers: 5,
    subscribers: 100,
    perS: 50,
    qos: 0,
  },
  p2p: {
    ...usual,
    profile: 'p2p',
    text: 'pairs: every publisher has one subscriber of its own',
    publishers: 100,
    subscribers: 100,
    perS: 500,
    qos: 1,
  },
  shared: {
    ...usual,
    profile: 'shared',
    text: 'subscribers share the messages of all publishers among them ($share)',
    publishers: 100,
    subscribers: 5,
    perS: 500,
    qos: 1,
  },
  persistent: {
    ...usual,
    profile: 'persistent',
    text: 'subscribers go away and come back; the broker keeps what was sent meanwhile',
    publishers: 20,
    subscribers: 20,
    perS: 200,
    qos: 1,
  },
  retained: {
    ...usual,
    profile: 'retained',
    text: 'retained messages, and subscribers that come later to get them',
    publishers: 100,
    subscribers: 10,
    perS: 200,
    qos: 1,
  },
  'reconnect-storm': {
    ...usual,
    profile: 'reconnect-storm',
    text: 'all idle devices lose their connection and come back at once, while others work',
    publishers: 20,
    subscribers: 20,
    idle: 500,
    perS: 200,
    qos: 1,
  },
  city: {
    ...usual,
    profile: 'city',
    text: 'the telemetry of a scenario at its moments, over 50 connections (--scenario, --scale, --speed)',
    publishers: 50,
    subscribers: 1,
    perS: 0,
    qos: 1,
  },
};

/** Source: EMQ, Open MQTT Benchmark Suite, github.com/emqx/mqttbs: single-node use cases; QoS 1, 16 bytes, one message a second and publisher. */
const SUITE = { qos: 1, sizeBytes: 16, idle: 0, durationS: DURATION_S, connectPerS: 1000 } as const;

/** Names as the suite and its reports write them. There a run takes 30 minutes. */
export const PRESETS: readonly Preset[] = [
  {
    ...SUITE,
    name: 'conn-tcp-10k-100',
    profile: 'connect',
    text: '10,000 connections, 100 new ones a second',
    publishers: 0,
    subscribers: 0,
    idle: 10_000,
    perS: 0,
    connectPerS: 100,
  },
  {
    ...SUITE,
    name: 'conn-tcp-1M-5K',
    profile: 'connect',
    text: '1,000,000 connections, 5,000 new ones a second',
    publishers: 0,
    subscribers: 0,
    idle: 1_000_000,
    perS: 0,
    connectPerS: 5000,
  },
  {
    ...SUITE,
    name: 'p2p-1K-1K-1K-1K',
    profile: 'p2p',
    text: '1,000 pairs, 1,000 topics, 1,000 messages/s',
    publishers: 1000,
    subscribers: 1000,
    perS: 1000,
  },
  {
    ...SUITE,
    name: 'p2p-50K-50K-50K-50K',
    profile: 'p2p',
    text: '50,000 pairs, 50,000 topics, 50,000 messages/s',
    publishers: 50_000,
    subscribers: 50_000,
    perS: 50_000,
  },
  {
    ...SUITE,
    name: 'fanout-1-1k-1-1K',
    profile: 'fan-out',
    text: '1 message/s to 1,000 subscribers: 1,000 deliveries/s',
    publishers: 1,
    subscribers: 1000,
    perS: 1,
  },
  {
    ...SUITE,
    name: 'fanout-5-1000-5-250K',
    profile: 'fan-out',
    text: '5 publishers with 50 messages/s each, 1,000 subscribers to all: 250,000 deliveries/s',
    publishers: 5,
    subscribers: 1000,
    perS: 250,
  },
  {
    ...SUITE,
    name: 'sharedsub-1K-5-1K-1K',
    profile: 'shared',
    text: '1,000 publishers, 1,000 messages/s, shared by 5 subscribers',
    publishers: 1000,
    subscribers: 5,
    perS: 1000,
  },
  {
    ...SUITE,
    name: 'sharedsub-50K-500-50K-50K',
    profile: 'shared',
    text: '50,000 publishers, 50,000 messages/s, shared by 500 subscribers',
    publishers: 50_000,
    subscribers: 500,
    perS: 50_000,
  },
];

/** Whether its K are large or small. */
export function presetNamed(name: string): Preset | undefined {
  return PRESETS.find((preset) => preset.name.toLowerCase() === name.toLowerCase());
}

/**
 * The same shape at another size. What is delivered per second grows by the factor: with pairs and fan-in all devices are scaled and each
 * publishes as often as before; with fan-out the subscribers only; connections keep the time that connecting takes. At least one of each.
 */
export function scaled<S extends Shape>(shape: S, factor: number): S {
  const times = (count: number) => (count === 0 ? 0 : Math.max(1, Math.round(count * factor)));
  const { publishers, perS } = shape;
  const fewPublish = shape.profile === 'fan-out';
  const scaledPublishers = fewPublish ? publishers : times(publishers);
  return {
    ...shape,
    publishers: scaledPublishers,
    subscribers: times(shape.subscribers),
    idle: times(shape.idle),
    perS: fewPublish || publishers === 0 ? perS : (perS * scaledPublishers) / publishers,
    connectPerS: Math.max(1, shape.connectPerS * factor),
  };
}
