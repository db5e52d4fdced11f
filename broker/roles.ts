// Who may publish and subscribe what: the one table of roles, checked for PUBLISH, SUBSCRIBE and wills. It knows topics and identities,
// not passwords (credentials.ts) and not the protocol (policy.ts).
import { ingestFilter, parseTopic } from '../telemetry/topics.ts';

export type Role = 'device' | 'gateway' | 'integrator' | 'controller' | 'api' | 'viewer' | 'operator' | 'admin';

export interface Identity {
  readonly name: string;
  readonly roles: readonly Role[];
  /** The kinds of a gateway or integrator; absent = all. */
  readonly kinds?: readonly string[];
  /** What a device is. */
  readonly device?: { readonly kind: string; readonly device: string };
  /** Wall time at which it ends [ms since 1970]; absent: when somebody takes it away. */
  readonly untilMs?: number;
}

/** Everyone who connects without a password to a broker that listens on loopback without credentials; may stand for the api as well. */
export const ANONYMOUS: Identity = { name: 'anonymous', roles: ['integrator', 'controller', 'viewer'] };

/** The kinds as which the controllers themselves appear in the city. */
const CONTROLLER_KINDS = ['bus-dispatch'];

const READ_ALL = ['city/#', 'truth/#', 'hfp/#', '$SYS/broker/#'];
const COMMAND_ALL = ['city/{city}/+/+/command', 'city/{city}/scenario/command'];

/** `{kinds}` stands for each of the identity's kinds (or `+`), `{kind}` and `{device}` for what a device is. */
const TABLE: {
  readonly [role in Role]: { readonly publish: readonly string[]; readonly subscribe: readonly string[] };
} = {
  device: {
    publish: [
      'city/{city}/{kind}/{device}/telemetry',
      'city/{city}/{kind}/{device}/event',
      'city/{city}/{kind}/{device}/status',
      'city/{city}/{kind}/{device}/ack',
    ],
    subscribe: ['city/{city}/{kind}/{device}/command'],
  },
  gateway: {
    publish: [
      'city/{city}/{kinds}/+/telemetry',
      'city/{city}/{kinds}/+/event',
      'city/{city}/{kinds}/+/status',
      'city/{city}/{kinds}/+/ack',
      'city/{city}/kinds/{kinds}',
      'city/{city}/clock',
      'city/{city}/counters/+',
      'city/{city}/scenario/ack',
      'city/{city}/scenario/state',
      'city/{city}/timetable/+',
      'truth/{city}/{kinds}/+',
    ],
    // The clock, to hear whether another one tells the time already.
    subscribe: ['city/{city}/{kinds}/+/command', 'city/{city}/scenario/command', 'city/{city}/clock'],
  },
  integrator: {
    publish: [
      'city/{city}/{kinds}/+/telemetry',
      'city/{city}/{kinds}/+/event',
      'city/{city}/{kinds}/+/status',
      'city/{city}/{kinds}/+/ack',
      'city/{city}/kinds/{kinds}',
      // How a load test of this very platform goes.
      'city/{city}/counters/load',
    ],
    subscribe: ['city/{city}/{kinds}/#', 'city/{city}/kinds/{kinds}'],
  },
  controller: {
    publish: [
      'city/{city}/+/+/command',
      'city/{city}/counters/control',
      'city/{city}/arrivals/+',
      // What a controller says about itself.
      ...CONTROLLER_KINDS.flatMap((kind) => [
        `city/{city}/${kind}/+/telemetry`,
        `city/{city}/${kind}/+/event`,
        `city/{city}/${kind}/+/ack`,
        `city/{city}/kinds/${kind}`,
      ]),
    ],
    subscribe: [
      'city/{city}/+/+/telemetry',
      'city/{city}/+/+/event',
      'city/{city}/+/+/ack',
      'city/{city}/kinds/+',
      'city/{city}/clock',
      'city/{city}/timetable/+',
      ...CONTROLLER_KINDS.map((kind) => `city/{city}/${kind}/+/command`),
    ],
  },
  api: {
    publish: ['city/{city}/+/+/command', 'city/{city}/scenario/command', 'city/{city}/counters/+', 'hfp/#'],
    subscribe: ['#', '$SYS/broker/#'],
  },
  viewer: { publish: [], subscribe: READ_ALL },
  // People; what else they may do is decided by the api.
  operator: { publish: COMMAND_ALL, subscribe: READ_ALL },
  admin: { publish: COMMAND_ALL, subscribe: READ_ALL },
};

export const ROLES = Object.keys(TABLE) as Role[];

export type Refusal = 'bad-topic' | 'foreign-topic' | 'other-city' | 'not-allowed';

const MAX_TOPIC_LENGTH = 300;
const MAX_LEVELS = 8;
/** Another tree, of another grammar: bus positions for programs that know HSL's. */
const HFP_TOPIC = /^hfp\/v2(?:\/[^/+#\0\uFFFD]{0,64}){1,20}$/;
const MAX_HFP_LEVELS = 22;
const TOPIC = /^[A-Za-z0-9_.:-]{1,64}(?:\/[A-Za-z0-9_.:-]{1,64}){0,7}$/;

/** What one identity may do in one city. */
export class Access {
  readonly #city: string;
  readonly #publish: readonly string[][];
  readonly #subscribe: readonly string[][];
  /** To be the one whose acknowledgement is the device's. */
  readonly mayIngest: boolean;
  readonly mayPublishAnything: boolean;
  /** A device and nothing else: it speaks for itself only. */
  readonly isDevice: boolean;

  constructor(city: string, identity: Identity) {
    this.#city = city;
    this.mayIngest = identity === ANONYMOUS || identity.roles.includes('api');
    this.#publish = identity.roles.flatMap((role) => expand(TABLE[role].publish, city, identity));
    this.#subscribe = identity.roles.flatMap((role) => expand(TABLE[role].subscribe, city, identity));
    this.mayPublishAnything = this.#publish.length > 0;
    this.isDevice = identity.roles.every((role) => role === 'device');
  }

  /** Timetables are the only messages that are long. */
  get hasTimetables(): boolean {
    return this.#publish.some(([, , tree]) => tree === 'timetable');
  }

  mayPublish(topic: string): boolean {
    return this.publishRefusal(topic) === undefined;
  }

  /** levels: of a well-formed topic of this city. */
  mayPublishTo(levels: readonly string[]): boolean {
    return this.#publish.some((allowed) => covers(allowed, levels));
  }

  /** Why a publish to this topic is refused; undefined when it is allowed. */
  publishRefusal(topic: string): Refusal | undefined {
    const cause = topicRefusal(topic, this.#city);
    if (cause) return cause;
    return this.mayPublishTo(topic.split('/')) ? undefined : 'not-allowed';
  }

  /** True when every topic that the filter matches may be read: an allowed filter covers it. */
  maySubscribe(filter: string): boolean {
    if (filter === ingestFilter(this.#city)) return this.mayIngest;
    const levels = filterLevels(filter);
    return levels !== undefined && this.#subscribe.some((allowed) => covers(allowed, levels));
  }
}

/** Why nobody may publish to this topic in this city; undefined for a well-formed one. */
export function topicRefusal(topic: string, city: string): Refusal | undefined {
  const parsed = parseTopic(topic);
  if (parsed) return parsed.city === city ? undefined : 'other-city';
  if (!isTopic(topic)) return 'bad-topic';
  if (HFP_TOPIC.test(topic)) return undefined;
  const [root, ofCity, ...rest] = topic.split('/');
  if (root !== 'truth') return 'foreign-topic';
  if (ofCity !== city) return 'other-city';
  return rest.length === 2 ? undefined : 'foreign-topic';
}

/**
 * At most 8 levels of 1…64 characters `[A-Za-z0-9_.:-]`, 300 in all: no empty level, wildcard, U+0000 or bad UTF-8 gets through. Below
 * `hfp/v2` more levels and any other characters.
 */
export function isTopic(topic: string): boolean {
  return topic.length <= MAX_TOPIC_LENGTH && (TOPIC.test(topic) || HFP_TOPIC.test(topic));
}

/**
 * True when each topic matched by `requested` is matched by `allowed` (both as levels; a topic is a filter without wildcards).
 * Wildcards at the first level do not reach topics that begin with `$` [MQTT-4.7.2-1].
 */
export function covers(allowed: readonly string[], requested: readonly string[]): boolean {
  if (requested[0]!.startsWith('$') && allowed[0] !== requested[0]) return false;
  for (let at = 0; at < allowed.length; at++) {
    if (allowed[at] === '#') return true;
    const level = requested[at];
    if (level === undefined || level === '#') return false;
    if (allowed[at] !== '+' && allowed[at] !== level) return false;
  }
  return allowed.length === requested.length;
}

/** The levels of a well-formed filter within our limits, else undefined. */
function filterLevels(filter: string): string[] | undefined {
  if (filter.length > MAX_TOPIC_LENGTH) return undefined;
  const levels = filter.split('/');
  if (levels.length > (levels[0] === 'hfp' ? MAX_HFP_LEVELS : MAX_LEVELS)) return undefined;
  const wellFormed = levels.every((level, at) => {
    if (level === '#') return at === levels.length - 1; // [MQTT-4.7.1-2]
    return level === '+' || /^[^+#\0\uFFFD]+$/.test(level); // [MQTT-4.7.1-3] [MQTT-1.5.3-2]
  });
  return wellFormed ? levels : undefined;
}

function expand(templates: readonly string[], city: string, identity: Identity): string[][] {
  const { kinds = ['+'], device } = identity;
  return templates.flatMap((template) => {
    if (template.includes('{device}') && !device) return [];
    const choices = template.includes('{kinds}') ? kinds : ['+'];
    return choices.map((kind) =>
      template.split('/').map((level) => {
        if (level === '{city}') return city;
        if (level === '{kinds}') return kind;
        if (level === '{kind}') return device!.kind;
        return level === '{device}' ? device!.device : level;
      }),
    );
  });
}
