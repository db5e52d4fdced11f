// Every setting that a command can have: flag, environment variable, default and what is accepted. Flag > environment > config file >
// default. The only place where settings are read from the environment.
import { existsSync, readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { JWT_ALGORITHMS } from '../broker/jwt-algorithms.ts';
import type { JwtAlgorithm } from '../broker/jwt-algorithms.ts';
import { ROLES } from '../broker/roles.ts';
import { MAX_SPEED, MIN_SPEED } from '../simulator/clock.ts';
import { KIND_PATTERN } from '../telemetry/description.ts';
import type { Speed } from '../simulator/clock.ts';
import { LOAD_TABLE } from './load-options.ts';
import type { LoadSettings } from './load-options.ts';
import { assignments, duration, numberIn, url } from './option-values.ts';
import type { OptionRow } from './option-values.ts';

const STORES = ['duckdb', 'influx1', 'influx2', 'memory'] as const;
export type StoreName = (typeof STORES)[number];
const MAX_SEEDS = 10_000;
const DEFAULT_CONFIG = 'citytwin.config.json';

export interface Settings extends LoadSettings {
  readonly port: number;
  readonly mqttPort: number;
  readonly host: string;
  readonly data: string;
  readonly store: StoreName;
  readonly storeUrl: string;
  readonly storeDb: string;
  readonly storeUser?: string;
  readonly storePasswordFile?: string;
  readonly storeOrg: string;
  readonly storeBucket: string;
  readonly storeTokenFile?: string;
  /** Absent: for ever. */
  readonly keep?: string;
  /** Absent: no second place for numbers. */
  readonly victoriaUrl?: string;
  readonly broker?: string;
  /** Absent: the scenario's. */
  readonly seed?: number;
  readonly scale: number;
  /** Absent: the scenario's, else 1 in a live city and `max` in a run. */
  readonly speed?: Speed;
  /** Absent: the scenario's, else `demo`. */
  readonly start?: string;
  readonly workers: number;
  readonly backfill?: string;
  readonly report?: string;
  readonly junit?: string;
  readonly pipeline: boolean;
  readonly record?: string;
  readonly from?: string;
  readonly kinds?: string;
  /** [periodStart, periodEnd), ms since 1970. */
  readonly periodStart?: number;
  readonly periodEnd?: number;
  readonly format?: 'ndjson' | 'csv' | 'parquet';
  readonly out?: string;
  readonly shift: 'none' | 'now';
  readonly connections: string;
  /** Absent: the generated city. */
  readonly gtfs?: string;
  /** Absent: wuxi, or what the feed's agency is called. */
  readonly city?: string;
  readonly credentials?: string;
  readonly openHttp: boolean;
  readonly awaitApi: boolean;
  readonly mqttsPort: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly brokerCa?: string;
  readonly authUrl?: string;
  readonly jwtKey?: string;
  readonly jwtAlgorithm: JwtAlgorithm;
  readonly jwtAudience: string;
  readonly tokenFile?: string;
  readonly role?: string;
  readonly newPasswordFile?: string;
  readonly certificateOnly: boolean;
  readonly expires?: string;
  readonly hfp: boolean;
  readonly simulator: boolean;
  readonly control: boolean;
  readonly seeds?: number;
  /** Of the paired seeds. */
  readonly firstSeed: number;
  /** `name=value` each. */
  readonly set: readonly string[];
  readonly reportFolder?: string;
  readonly check: boolean;
  readonly list: boolean;
  readonly json: boolean;
  readonly logLevel: string;
}

type Name = keyof Settings;

/** Where a setting means something else than for most commands. */
export type OptionTexts = { readonly [name in Name]?: string };

function speed(text: string): Speed {
  return text === 'max' ? 'max' : numberIn(MIN_SPEED, MAX_SPEED, false)(text);
}

function start(text: string): string {
  if (text === 'demo' || text === 'now' || /^([01]?\d|2[0-3]):[0-5]\d$/.test(text)) return text;
  throw new InvalidArgumentError('expected demo, now or a time HH:MM');
}

/** → ms since 1970. Without a zone it is UTC, whatever this machine's is. */
function time(text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text);
  const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+)?$/.test(text)
    ? Date.parse(text.includes('T') ? `${text}Z` : text)
    : Date.parse(text);
  if (/^\d{4}-/.test(text) && ms >= 0) return ms;
  throw new InvalidArgumentError('expected ISO 8601, like 2026-05-01T08:00:00Z, or ms since 1970');
}

/** An address whose secret lies elsewhere: everyone on the machine can read a command line. The message does not repeat it. */
function urlWithoutPassword(...protocols: string[]) {
  const parse = url(...protocols);
  return (text: string) => {
    parse(text);
    if (new URL(text).password === '') return text;
    throw new UsageError(
      `an address with a password in it can be read by others (ps): name a file or folder for the secret`,
    );
  };
}

function cityName(text: string): string {
  if (KIND_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('expected at most 64 of a-z, 0-9 and -');
}

const TABLE: { readonly [name in Name]: OptionRow } = {
  port: {
    flags: '--port <port>',
    text: 'HTTP: page, API, live stream, MQTT over WebSocket; 0 = a free one',
    default: 8080,
    parse: numberIn(0, 65_535, true),
  },
  mqttPort: {
    flags: '--mqtt-port <port>',
    text: 'MQTT over TCP; 0 = a free one',
    default: 1883,
    parse: numberIn(0, 65_535, true),
  },
  host: {
    flags: '--host <address>',
    text: 'address to listen on; other than loopback needs credentials',
    default: '127.0.0.1',
  },
  data: {
    flags: '--data <folder>',
    text: 'folder of the journal, the embedded store, what was refused, session logs and the newest report of each experiment',
    default: './data',
  },
  store: { flags: '--store <name>', text: 'where history is kept', default: 'duckdb', choices: STORES },
  storeUrl: {
    flags: '--store-url <url>',
    text: 'address of the InfluxDB',
    default: 'http://127.0.0.1:8086',
    parse: urlWithoutPassword('http:', 'https:'),
  },
  storeDb: { flags: '--store-db <name>', text: 'database in the InfluxDB 1.x', default: 'citytwin' },
  storeUser: { flags: '--store-user <name>', text: 'user of the InfluxDB 1.x' },
  storePasswordFile: { flags: '--store-password-file <file>', text: 'file with the password of that user' },
  storeOrg: { flags: '--store-org <name>', text: 'organisation in the InfluxDB 2.x', default: 'citytwin' },
  storeBucket: { flags: '--store-bucket <name>', text: 'bucket in the InfluxDB 2.x', default: 'citytwin' },
  storeTokenFile: { flags: '--store-token-file <file>', text: 'file with an API token of the InfluxDB 2.x' },
  keep: { flags: '--keep <duration>', text: 'how long history is kept, e.g. 30d (default: for ever)', parse: duration },
  victoriaUrl: {
    flags: '--victoria-url <url>',
    text: 'address of a VictoriaMetrics that gets all numbers as well, after they are stored',
    parse: urlWithoutPassword('http:', 'https:'),
  },
  broker: {
    flags: '--broker <url>',
    text: 'address of the MQTT broker (up, run: instead of our own)',
    parse: urlWithoutPassword('mqtt:', 'mqtts:'),
  },
  seed: {
    flags: '--seed <n>',
    text: "same seed, same city, same day (default: the scenario's, else 1)",
    parse: numberIn(0, Number.MAX_SAFE_INTEGER, true),
  },
  scale: { flags: '--scale <x>', text: 'multiplies every fleet', default: 1, parse: numberIn(0.001, 1000, false) },
  speed: {
    flags: '--speed <x>',
    text: `simulated seconds per second, ${MIN_SPEED} to ${MAX_SPEED}, or max (default: the scenario's)`,
    parse: speed,
  },
  start: {
    flags: '--start <when>',
    text: "civil time at the start: demo (never asleep), now, or HH:MM (default: the scenario's, else demo)",
    parse: start,
  },
  workers: {
    flags: '--workers <n>',
    text: 'threads that share the work; the result does not depend on it',
    default: 1,
    parse: numberIn(1, 64, true),
  },
  backfill: {
    flags: '--backfill <duration>',
    text: 'simulate and store the time before now first, e.g. 30d or 12h, then go on live',
    parse: duration,
  },
  report: { flags: '--report <file>', text: 'write the report as JSON' },
  junit: { flags: '--junit <file>', text: 'write the expectations as JUnit XML' },
  pipeline: {
    flags: '--pipeline',
    text: 'through a real broker and store, in real time, to judge the platform as well',
    default: false,
  },
  record: { flags: '--record <file>', text: 'write every message as NDJSON, one line each' },
  from: { flags: '--from <source>', text: 'address of a running city (http://…) or a recording; absent: --data' },
  kinds: { flags: '--kind, --kinds <a,b>', text: 'these kinds only' },
  periodStart: { flags: '--start <time>', text: 'ISO 8601 or ms since 1970; from then on', parse: time },
  periodEnd: { flags: '--end <time>', text: 'ISO 8601 or ms since 1970; before then', parse: time },
  format: {
    flags: '--format <name>',
    text: 'absent: what the name of the file says',
    choices: ['ndjson', 'csv', 'parquet'],
  },
  out: {
    flags: '--out <file>',
    text: 'file, folder with a file for each kind (FOLDER/), or - for stdout',
    default: '-',
  },
  shift: {
    flags: '--shift <to>',
    text: 'now: all times move so that the first message is of now',
    default: 'none',
    choices: ['none', 'now'],
  },
  connections: {
    flags: '--connections <kinds>',
    text: 'kinds whose devices each have their own connection and last will, or none',
    default: 'bus',
  },
  gtfs: {
    flags: '--gtfs <feed>',
    text: 'the city of a GTFS feed, a zip archive or a folder: its bus lines, stops and timetables',
  },
  city: {
    flags: '--city <name>',
    text: "what the city is called in topics (default: wuxi; with --gtfs after the feed's agency)",
    parse: cityName,
  },
  credentials: {
    flags: '--credentials <folder>',
    text: 'folder of users, tokens and the secrets of the parts; see citytwin credentials',
  },
  mqttsPort: {
    flags: '--mqtts-port <port>',
    text: 'MQTT over TLS, with --tls-cert; 0 = a free one',
    default: 8883,
    parse: numberIn(0, 65_535, true),
  },
  tlsCert: { flags: '--tls-cert <file>', text: 'PEM: our certificate, for MQTT over TLS, HTTPS and wss' },
  tlsKey: { flags: '--tls-key <file>', text: 'PEM: key of that certificate' },
  tlsClientCa: {
    flags: '--tls-client-ca <file>',
    text: 'PEM: who may have signed certificates of MQTT clients; their common name is the user',
  },
  brokerCa: { flags: '--broker-ca <file>', text: 'PEM: who may have signed the certificate of --broker mqtts://…' },
  authUrl: {
    flags: '--auth-url <url>',
    text: 'asked by POST about names and passwords that the folder of credentials does not know',
    parse: urlWithoutPassword('http:', 'https:'),
  },
  jwtKey: {
    flags: '--jwt-key <file>',
    text: 'JSON Web Tokens are passwords: secret, public key (PEM) or key set (JWKS) that they are signed with',
  },
  jwtAlgorithm: {
    flags: '--jwt-algorithm <name>',
    text: 'the only algorithm that is believed',
    default: 'ES256',
    choices: JWT_ALGORITHMS,
  },
  jwtAudience: { flags: '--jwt-audience <name>', text: 'whom tokens must be made for', default: 'citytwin' },
  tokenFile: { flags: '--token-file <file>', text: 'file with a token for a city that asks for one' },
  role: { flags: '--role <name>', text: 'what a new user may do', choices: ROLES },
  newPasswordFile: {
    flags: '--password-file <file>',
    text: 'the password of a new user, - for stdin; absent: a new random one, shown once',
  },
  certificateOnly: {
    flags: '--certificate-only',
    text: 'a new user has no password, but a client certificate',
    default: false,
  },
  expires: {
    flags: '--expires <duration>',
    text: 'how long a token is good, e.g. 30d; absent: until it is removed',
    parse: duration,
  },
  hfp: {
    flags: '--hfp',
    text: "publish bus positions once more in HSL's format, below hfp/v2",
    default: false,
  },
  openHttp: {
    flags: '--open-http',
    text: 'page and REST without login, everyone who reaches them is operator: only where a container or proxy keeps others out',
    default: false,
  },
  awaitApi: {
    flags: '--await-api',
    text: 'acknowledge records of QoS 1 and 2 when an api has them on disk; without one, nothing is acknowledged',
    default: false,
  },
  simulator: { flags: '--no-simulator', text: 'leave the simulated devices out' },
  control: { flags: '--no-control', text: 'leave the control centre out' },
  seeds: {
    flags: '--seeds <n>',
    text: 'how many paired seeds every arm lives (default: what the experiment thinks enough)',
    parse: numberIn(1, MAX_SEEDS, true),
  },
  firstSeed: {
    flags: '--seed <n>',
    text: 'the first of the paired seeds, the others count up from it',
    default: 1,
    parse: numberIn(0, Number.MAX_SAFE_INTEGER - MAX_SEEDS, true),
  },
  set: {
    flags: '--set <name=value>',
    text: 'changes a parameter, as often as there are some to change; NAME --help lists them',
    default: [],
    parse: assignments,
  },
  reportFolder: { flags: '--report <folder>', text: 'write NAME.json and NAME.html there' },
  check: { flags: '--check', text: 'end with 1 when a check is not met, or nothing was checked', default: false },
  list: { flags: '--list', text: 'the experiments there are, with their claims', default: false },
  ...LOAD_TABLE,
  json: { flags: '--json', text: 'one JSON document on stdout, logs on stderr', default: false },
  logLevel: {
    flags: '--log-level <level>',
    text: 'how much is said',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
  },
};

/** The commander options of the given settings, with environment and config file behind them; `texts` replace those of the table. */
export function optionsFor(
  names: readonly Name[],
  config: { readonly [name: string]: unknown },
  overrides: Partial<Settings> = {},
  texts: OptionTexts = {},
): Option[] {
  return names.map((name) => {
    const { flags, text, default: fallback, parse, choices } = TABLE[name];
    const option = new Option(flags, texts[name] ?? text);
    // Two commands may mean different settings by the same flag.
    option.attributeName = () => name;
    if (choices !== undefined) option.choices([...choices]);
    else if (parse !== undefined) option.argParser(parse);
    if (!option.negate) option.env(`CITYTWIN_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`);
    const value = config[name] === undefined ? (overrides[name] ?? fallback) : checked(name, config[name], option);
    if (value !== undefined && !option.negate) option.default(value);
    return option;
  });
}

function checked(name: string, value: unknown, option: Option): unknown {
  if (option.parseArg === undefined || typeof value === 'boolean') return value;
  try {
    return option.parseArg(Array.isArray(value) ? value.join(' ') : String(value), []);
  } catch (error) {
    throw new UsageError(`${name} in the config file: ${(error as Error).message}, got ${JSON.stringify(value)}`);
  }
}

/** A mistake of the user: exit 2 with this one line. */
export class UsageError extends Error {}

/** The config file named on the command line or in the environment, else `citytwin.config.json` here if there is one. */
export function readConfig(argv: readonly string[]): { readonly [name: string]: unknown } {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='));
  const named =
    at < 0 ? process.env.CITYTWIN_CONFIG : argv[at]!.includes('=') ? argv[at]!.split('=', 2)[1] : argv[at + 1];
  const file = named ?? DEFAULT_CONFIG;
  if (named === undefined && !existsSync(file)) return {};
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`config file ${file}: ${(error as Error).message}`);
  }
  if (typeof config !== 'object' || config === null)
    throw new UsageError(`config file ${file} must hold a JSON object`);
  const unknown = Object.keys(config).filter((name) => !Object.hasOwn(TABLE, name));
  if (unknown.length > 0)
    throw new UsageError(
      `config file ${file}: unknown setting ${unknown[0]}, expected one of ${Object.keys(TABLE).join(', ')}`,
    );
  return config as { [name: string]: unknown };
}
