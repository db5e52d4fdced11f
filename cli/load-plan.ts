// From the settings of `citytwin load` to a plan: shape of the profile or preset, what was changed about it, the target and its secrets. Says
// what does not go together before anything is sent.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { HEADER_BYTES } from '../loadtest/payload.ts';
import { PROFILES } from '../loadtest/plan.ts';
import type { Plan, ProfileName, Schedule, Target } from '../loadtest/plan.ts';
import { SHAPES, presetNamed, scaled } from '../loadtest/presets.ts';
import type { Preset, Shape } from '../loadtest/presets.ts';
import { LOAD_KIND } from '../telemetry/description.ts';
import { nearestChoice } from '../telemetry/names.ts';
import type { LoadSettings } from './load-options.ts';
import { UsageError } from './options.ts';

/** Levels that a citytwin broker lets through as well as any other. */
const TOPIC = `city/wuxi/${LOAD_KIND}/%c/telemetry`;
/** The same where messages are retained: a citytwin retains no telemetry. */
const RETAINED_TOPIC = `city/wuxi/${LOAD_KIND}/%c/status`;
/** Everything that a city sends. */
const CITY_FILTER = 'city/+/#';
/** Room for client ids is left to the 65,535 of MQTT. */
const MAX_TOPIC_BYTES = 60_000;
const PORTS = { tcp: 1883, tls: 8883, ws: 80, wss: 443 } as const;
const TRANSPORTS: { readonly [protocol: string]: Target['transport'] } = {
  'mqtt:': 'tcp',
  'mqtts:': 'tls',
  'ws:': 'ws',
  'wss:': 'wss',
};
/** Where brokers listen for MQTT over WebSocket. */
const WEB_PATH = '/mqtt';
/** Profiles that offer messages at a rate that can be raised. */
const RATED: readonly ProfileName[] = ['publish', 'fan-out', 'p2p', 'shared'];

/** spool: file of the profile `city`, written already. @throws UsageError */
export function planOf(settings: LoadSettings, argument: string | undefined, spool?: string): Plan {
  const { name: preset, ...shape } = shapeOf(settings, argument);
  const { profile } = shape;
  const counts = countsOf(settings, shape);
  const qos = settings.qos ?? shape.qos;
  return {
    profile,
    ...(preset !== undefined && { preset }),
    target: targetOf(settings),
    ...counts,
    connectPerS: connectPerSOf(settings, shape),
    schedule: scheduleOf(settings, shape, counts.publishers, spool),
    topic: topicIn(settings, profile),
    // Of this run only, so that a second tester does not take over the sessions of the first.
    clientPrefix: `load-${randomBytes(3).toString('hex')}-`,
    qos,
    subscribeQos: qos,
    sizeBytes: Math.max(HEADER_BYTES, settings.sizeBytes ?? shape.sizeBytes),
    retain: profile === 'retained',
    keepAliveS: settings.keepAliveS,
    cleanSession: settings.clean && profile !== 'persistent',
    window: settings.window,
    warmUpS: profile === 'connect' ? 0 : settings.warmUpS,
    durationS: settings.durationS ?? shape.durationS,
    drainS: settings.drainS,
    seed: settings.loadSeed,
    workers: settings.loadWorkers ?? Math.max(1, availableParallelism() - 1),
    receiverProcess: settings.receiverProcess,
  };
}

/** Profile that was asked for, as argument or flag, or through a preset. @throws UsageError */
export function profileOf(settings: LoadSettings, argument: string | undefined): ProfileName {
  return shapeOf(settings, argument).profile;
}

/** @throws UsageError for what no broker takes as the topic of a publish */
function topicIn({ loadTopic }: LoadSettings, profile: ProfileName): string {
  if (loadTopic === undefined)
    return profile === 'city' ? CITY_FILTER : profile === 'retained' ? RETAINED_TOPIC : TOPIC;
  if (profile === 'city')
    throw new UsageError('the city sends to the topics of its devices: --topic is for other profiles');
  if (loadTopic === '' || loadTopic.includes('\0') || Buffer.byteLength(loadTopic) > MAX_TOPIC_BYTES)
    throw new UsageError(`--topic: expected 1 to ${MAX_TOPIC_BYTES} bytes without NUL`);
  if (/[+#]/.test(loadTopic))
    throw new UsageError(`--topic is where publishers send to, expected no + or # [MQTT-3.3.2-2], got ${loadTopic}`);
  const unknown = /%(?![ic]).?/.exec(loadTopic)?.[0];
  if (unknown !== undefined)
    throw new UsageError(
      `unknown ${unknown} in --topic, expected %i (index of the publisher) or %c (its client id), got ${loadTopic}`,
    );
  return loadTopic;
}

function shapeOf(settings: LoadSettings, argument: string | undefined): Shape & Partial<Pick<Preset, 'name'>> {
  const { preset, profile, loadScale } = settings;
  const asked = argument ?? profile;
  if (argument !== undefined && profile !== undefined && argument !== profile)
    throw new UsageError(`two profiles, ${argument} and --profile ${profile}: expected one`);
  if (preset !== undefined) {
    const shape = presetNamed(preset)!;
    if (asked !== undefined && asked !== shape.profile)
      throw new UsageError(`preset ${shape.name} is of profile ${shape.profile}, not ${asked}`);
    return scaled(shape, loadScale);
  }
  const shape = SHAPES[asked === undefined ? 'publish' : namedProfile(asked)];
  return shape.profile === 'city' ? shape : scaled(shape, loadScale);
}

function namedProfile(name: string): ProfileName {
  if ((PROFILES as readonly string[]).includes(name)) return name as ProfileName;
  const nearest = nearestChoice(name, PROFILES);
  const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
  const preset = presetNamed(name);
  const other = preset === undefined ? '' : `; it is a preset: --preset ${preset.name}`;
  throw new UsageError(`unknown profile "${name}"${hint} (there are ${PROFILES.join(', ')})${other}`);
}

/** Numbers of devices: what is not given follows from what is. @throws UsageError */
function countsOf(settings: LoadSettings, shape: Shape): Pick<Plan, 'publishers' | 'subscribers' | 'connections'> {
  const { publishers, subscribers } = rolesOf(settings, shape);
  const working = publishers + subscribers;
  const { devices } = settings;
  if (devices !== undefined && devices < working)
    throw new UsageError(
      `--connections ${devices} are fewer than ${publishers} publishers and ${subscribers} subscribers`,
    );
  return { publishers, subscribers, connections: devices ?? working + shape.idle };
}

function rolesOf(settings: LoadSettings, shape: Shape): { publishers: number; subscribers: number } {
  const { devices, publishers, subscribers } = settings;
  const { profile } = shape;
  if (profile === 'connect') {
    if ((publishers ?? 0) + (subscribers ?? 0) > 0)
      throw new UsageError('profile connect neither publishes nor subscribes: use --connections');
    return { publishers: 0, subscribers: 0 };
  }
  if (profile === 'p2p') {
    const half = devices === undefined ? shape.publishers : Math.floor(devices / 2);
    const pairs = publishers ?? subscribers ?? half;
    if (pairs < 1) throw new UsageError(`profile p2p needs two connections for a pair, got ${devices}`);
    return { publishers: pairs, subscribers: subscribers ?? pairs };
  }
  if (profile === 'fan-out') {
    const few = publishers ?? Math.min(shape.publishers, Math.max(1, (devices ?? Infinity) - 1));
    return { publishers: few, subscribers: subscribers ?? rest(devices, few, shape.subscribers) };
  }
  const few = subscribers ?? Math.min(shape.subscribers, Math.max(0, (devices ?? Infinity) - 1));
  const others = profile === 'reconnect-storm' ? undefined : devices;
  return { publishers: publishers ?? rest(others, few, shape.publishers), subscribers: few };
}

function rest(devices: number | undefined, taken: number, usual: number): number {
  return devices === undefined ? usual : Math.max(1, devices - taken);
}

function connectPerSOf({ connectRate, connectIntervalMs }: LoadSettings, shape: Shape): number {
  if (connectRate !== undefined && connectIntervalMs !== undefined)
    throw new UsageError('--connect-rate and --connect-interval say the same: expected one of them');
  return connectRate ?? (connectIntervalMs === undefined ? shape.connectPerS : 1000 / connectIntervalMs);
}

function scheduleOf(settings: LoadSettings, shape: Shape, publishers: number, spool: string | undefined): Schedule {
  const { rate, messageIntervalMs, schedule, rampFrom, findMax, loadSpeed } = settings;
  const { profile } = shape;
  if (rate !== undefined && messageIntervalMs !== undefined)
    throw new UsageError('--rate and --message-interval say the same: expected one of them');
  if (findMax && !RATED.includes(profile))
    throw new UsageError(`--find-max raises the rate of ${RATED.join(', ')}, not of ${profile}`);
  if (findMax && schedule === 'ramp') throw new UsageError('--find-max needs a rate that stays, not --schedule ramp');
  if (profile === 'city') {
    if (rate !== undefined || messageIntervalMs !== undefined)
      throw new UsageError('the city sends as its devices do: use --scale and --speed instead of a rate');
    return { kind: 'spool', file: spool ?? '', speed: loadSpeed };
  }
  const perS = rate ?? (messageIntervalMs === undefined ? shape.perS : (publishers * 1000) / messageIntervalMs);
  return schedule === 'ramp' ? { kind: 'ramp', fromPerS: rampFrom, toPerS: perS } : { kind: schedule, perS };
}

/** @throws UsageError */
function targetOf(settings: LoadSettings): Target {
  const { target, targetHost, targetPort, user, passwordFile, ca, cert, key, insecure, source } = settings;
  if (target !== undefined && (targetHost !== undefined || targetPort !== undefined))
    throw new UsageError('--broker and --host or --port both name the target: expected one of them');
  const url = new URL(target ?? 'mqtt://127.0.0.1');
  const transport = TRANSPORTS[url.protocol]!;
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--cert and --key belong together: expected both');
  if ((ca ?? cert) !== undefined && (transport === 'tcp' || transport === 'ws'))
    throw new UsageError(`certificates need mqtts:// or wss://, got ${url.protocol}//`);
  const username = user ?? (url.username === '' ? undefined : decodeURIComponent(url.username));
  const password =
    passwordFile === undefined ? decodeURIComponent(url.password) || undefined : readText(passwordFile).trim();
  if (password !== undefined && username === undefined)
    throw new UsageError('a password needs a user: expected --user [MQTT-3.1.2-22]');
  return {
    host: targetHost ?? url.hostname.replace(/^\[|\]$/g, ''),
    port: targetPort ?? (url.port === '' ? PORTS[transport] : Number(url.port)),
    transport,
    path: `${url.pathname === '' || url.pathname === '/' ? WEB_PATH : url.pathname}${url.search}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca: readText(ca) }),
    ...(cert !== undefined && { cert: readText(cert) }),
    ...(key !== undefined && { key: readText(key) }),
    insecure,
    version: settings.mqttVersion,
    sources: source,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
