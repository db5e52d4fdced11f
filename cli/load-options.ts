// The settings of `citytwin load`: flags in the words of this project, and the letters that people know from mqttx and emqtt-bench.
import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { readExpectation } from '../loadtest/expect.ts';
import { PROFILES } from '../loadtest/plan.ts';
import { PRESETS, presetNamed } from '../loadtest/presets.ts';
import { durationMs } from '../simulator/duration.ts';
import { nearestChoice } from '../telemetry/names.ts';
import { numberIn, url } from './option-values.ts';
import type { OptionRow } from './option-values.ts';

/** Absent: what the profile or preset says. */
export interface LoadSettings {
  readonly profile?: string;
  readonly preset?: string;
  readonly target?: string;
  readonly targetHost?: string;
  readonly targetPort?: number;
  readonly mqttVersion: '3.1.1' | '5';
  readonly rate?: number;
  /** Of a ramp, at its beginning. */
  readonly rampFrom: number;
  /** ms between two messages of one publisher. */
  readonly messageIntervalMs?: number;
  readonly devices?: number;
  readonly publishers?: number;
  readonly subscribers?: number;
  readonly connectRate?: number;
  /** ms between two connections. */
  readonly connectIntervalMs?: number;
  readonly loadTopic?: string;
  readonly qos?: 0 | 1 | 2;
  readonly sizeBytes?: number;
  readonly durationS?: number;
  readonly warmUpS: number;
  readonly drainS: number;
  readonly schedule: 'constant' | 'poisson' | 'ramp';
  readonly findMax: boolean;
  readonly stepS: number;
  readonly ceiling: number;
  readonly expect: readonly string[];
  readonly loadReport: readonly string[];
  readonly loadSeed: number;
  readonly loadWorkers?: number;
  readonly receiverProcess: boolean;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
  readonly source: readonly string[];
  readonly keepAliveS: number;
  readonly clean: boolean;
  readonly window: number;
  /** Of the shape; of the fleets in the city. */
  readonly loadScale: number;
  /** Of the city, simulated seconds per second. */
  readonly loadSpeed: number;
  readonly scenario: string;
  readonly loadStart?: string;
  readonly listLoads: boolean;
}

const MAX_DEVICES = 1_000_000;
const MAX_RATE = 10_000_000;
const DAY_S = 86_400;
/** As MQTT counts them on the wire, and as emqtt-bench takes them. */
const VERSIONS: { readonly [word: string]: '3.1.1' | '5' } = { '3.1.1': '3.1.1', '4': '3.1.1', '5': '5', '5.0': '5' };

/** Seconds: a plain number, or a duration with its unit. */
function seconds(min: number) {
  return (text: string): number => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (durationMs(text) ?? Number.NaN) / 1000;
    if (value >= min && value <= DAY_S) return value;
    throw new InvalidArgumentError(`expected a duration from ${min} s to 1 day, such as 30s, 2m or 45`);
  };
}

function version(text: string): '3.1.1' | '5' {
  const known = VERSIONS[text];
  if (known !== undefined) return known;
  throw new InvalidArgumentError('expected 3.1.1 (or 4) or 5');
}

function named(
  what: string,
  choices: readonly string[],
  found: (name: string) => boolean = (name) => choices.includes(name),
) {
  return (name: string): string => {
    if (found(name)) return name;
    const nearest = nearestChoice(name, choices) ?? nearestByFirstWord(name, choices);
    const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
    throw new InvalidArgumentError(`unknown ${what}${hint} (there are ${choices.join(', ')})`);
  };
}

/** `fanuot` means a name that begins with `fanout-`. */
function nearestByFirstWord(name: string, choices: readonly string[]): string | undefined {
  const first = (word: string) => word.split('-')[0]!;
  const nearest = nearestChoice(first(name), choices.map(first));
  return choices.find((choice) => first(choice) === nearest);
}
const profileName = named('profile', PROFILES);

/** One, or several with commas or blanks between. Bad ones are refused before anything is sent. */
function expectations(text: string, before: unknown): string[] {
  const words = text.split(/[,\s]+(?=[A-Za-z][\w.]*\s*[<>=])/);
  for (const word of words) {
    try {
      readExpectation(word);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  }
  return [...(before as readonly string[]), ...words];
}

/** One, or several with commas or blanks between. */
function addresses(text: string, before: unknown): string[] {
  const words = text.split(/[,\s]+/).filter((word) => word !== '');
  const wrong = words.find((word) => isIP(word) === 0);
  if (wrong !== undefined) throw new InvalidArgumentError(`expected an IP address of this machine, got ${wrong}`);
  return [...(before as readonly string[]), ...words];
}

function reportFile(text: string, before: unknown): string[] {
  if (/\.(html|json|xml)$/.test(text)) return [...(before as readonly string[]), text];
  throw new InvalidArgumentError('expected a file that ends in .html, .json or .xml');
}

export const LOAD_TABLE: { readonly [name in keyof LoadSettings]-?: OptionRow } = {
  profile: {
    flags: '--profile <name>',
    text: 'what the devices do, the same as the argument; --list explains them',
    parse: profileName,
  },
  preset: {
    flags: '--preset <name>',
    text: 'a named shape of others: profile, devices, rates and sizes; --list has them',
    parse: named(
      'preset',
      PRESETS.map(({ name }) => name),
      (name) => presetNamed(name) !== undefined,
    ),
  },
  target: {
    flags: '--broker <url>',
    text: 'the broker under test, mqtt:// mqtts:// ws:// or wss:// (default: mqtt://127.0.0.1:1883)',
    parse: url('mqtt:', 'mqtts:', 'ws:', 'wss:'),
  },
  targetHost: { flags: '-h, --host <address>', text: 'its address, instead of --broker' },
  targetPort: { flags: '-p, --port <port>', text: 'its port, instead of --broker', parse: numberIn(1, 65_535, true) },
  mqttVersion: { flags: '-V, --mqtt-version <version>', text: '3.1.1 or 5', default: '3.1.1', parse: version },
  rate: {
    flags: '--rate <n>',
    text: 'messages per second, over all publishers together',
    parse: numberIn(0.001, MAX_RATE, false),
  },
  rampFrom: {
    flags: '--ramp-from <n>',
    text: 'messages per second at the beginning of a ramp, which ends at --rate',
    default: 0,
    parse: numberIn(0, MAX_RATE, false),
  },
  messageIntervalMs: {
    flags: '-I, --message-interval <ms>',
    text: 'time between two messages of one publisher, instead of --rate',
    parse: numberIn(0.01, 86_400_000, false),
  },
  devices: {
    flags: '-c, --connections <n>',
    text: 'devices in all; the profile says how many of them publish and subscribe',
    parse: numberIn(1, MAX_DEVICES, true),
  },
  publishers: { flags: '--publishers <n>', text: 'devices that publish', parse: numberIn(0, MAX_DEVICES, true) },
  subscribers: { flags: '--subscribers <n>', text: 'devices that subscribe', parse: numberIn(0, MAX_DEVICES, true) },
  connectRate: {
    flags: '--connect-rate <n>',
    text: 'new connections per second',
    parse: numberIn(0.1, 100_000, false),
  },
  connectIntervalMs: {
    flags: '-i, --connect-interval <ms>',
    text: 'time between two new connections, instead of --connect-rate',
    parse: numberIn(0.01, 10_000, false),
  },
  loadTopic: {
    flags: '-t, --topic <pattern>',
    text: 'where publishers send to; %i is the index of the publisher, %c its client id',
  },
  qos: { flags: '-q, --qos <n>', text: 'of publishes and subscriptions', parse: numberIn(0, 2, true) },
  sizeBytes: {
    flags: '-s, --size <bytes>',
    text: 'of a payload; at least what it takes to tell when a message left',
    parse: numberIn(1, 268_435_455, true),
  },
  durationS: { flags: '--duration <time>', text: 'how long to measure, e.g. 30s or 2m', parse: seconds(1) },
  warmUpS: {
    flags: '--warm-up <time>',
    text: 'the same load before it, measured by nobody',
    default: 2,
    parse: seconds(0),
  },
  drainS: {
    flags: '--drain <time>',
    text: 'how long to wait after it for what is on its way',
    default: 5,
    parse: seconds(0),
  },
  schedule: {
    flags: '--schedule <kind>',
    text: 'when messages are meant to leave: evenly, by chance as independent devices do, or faster and faster',
    default: 'constant',
    choices: ['constant', 'poisson', 'ramp'],
  },
  findMax: {
    flags: '--find-max',
    text: 'look for the highest rate that holds: short runs, from --rate up; limits are --expect, else no loss and p99 < 100 ms',
    default: false,
  },
  stepS: {
    flags: '--step <time>',
    text: 'length of a run of --find-max',
    default: 5,
    parse: seconds(1),
  },
  ceiling: {
    flags: '--ceiling <n>',
    text: 'highest rate that --find-max tries',
    default: MAX_RATE,
    parse: numberIn(1, MAX_RATE, false),
  },
  expect: {
    flags: '--expect <what>',
    text: "what must hold, e.g. 'latency.p99<50ms' or 'lost=0'; may be repeated",
    default: [],
    parse: expectations,
  },
  loadReport: {
    flags: '--report <file>',
    text: 'write the report as .html, .json or .xml (JUnit); may be repeated',
    default: [],
    parse: reportFile,
  },
  loadSeed: {
    flags: '--seed <n>',
    text: 'same seed, same schedule',
    default: 1,
    parse: numberIn(0, Number.MAX_SAFE_INTEGER, true),
  },
  loadWorkers: {
    flags: '--workers <n>',
    text: 'threads that send; one more receives (default: one for each core but one)',
    parse: numberIn(1, 64, true),
  },
  receiverProcess: {
    flags: '--receiver-process',
    text: 'subscribers in a process of their own',
    default: false,
  },
  user: { flags: '-u, --user <name>', text: 'user name; %i and %c as in topics' },
  passwordFile: { flags: '--password-file <file>', text: 'file with the password of that user' },
  ca: { flags: '--ca <file>', text: 'PEM: who may have signed the certificate of the broker' },
  cert: { flags: '--cert <file>', text: 'PEM: certificate of the devices' },
  key: { flags: '--key <file>', text: 'PEM: key of that certificate' },
  insecure: { flags: '--insecure', text: 'do not check the certificate of the broker', default: false },
  source: {
    flags: '--source <address>',
    text: 'address to connect from, in turn when repeated: each gives some 28,000 connections',
    default: [],
    parse: addresses,
  },
  keepAliveS: {
    flags: '-k, --keep-alive <seconds>',
    text: 'of every connection, s',
    default: 60,
    parse: numberIn(0, 65_535, true),
  },
  clean: { flags: '--no-clean', text: 'sessions outlive their connection' },
  window: {
    flags: '--window <n>',
    text: 'un-acknowledged QoS 1 and 2 publishes that a connection may have; more wait, and their latency counts on',
    default: 1000,
    parse: numberIn(1, 65_535, true),
  },
  loadScale: {
    flags: '--scale <x>',
    text: 'multiplies the devices of a profile or preset, and the fleets of the city',
    default: 1,
    parse: numberIn(0.000_01, 1000, false),
  },
  loadSpeed: {
    flags: '--speed <x>',
    text: 'how much faster than in real time the city sends',
    default: 1,
    parse: numberIn(0.1, 1000, false),
  },
  scenario: {
    flags: '--scenario <name>',
    text: 'whose telemetry the profile city sends: a shipped scenario or a file',
    default: 'ordinary-day',
  },
  loadStart: {
    flags: '--start <time>',
    text: 'civil time HH:MM at which the city begins (default: 08:00 where the scenario has it)',
    parse: (text: string) => {
      if (/^([01]?\d|2[0-3]):[0-5]\d$/.test(text)) return text;
      throw new InvalidArgumentError('expected a time HH:MM');
    },
  },
  listLoads: { flags: '--list', text: 'the profiles and presets there are', default: false },
};
