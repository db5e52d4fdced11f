// Topics of the city that were published to before, taken apart: most messages come again and again under the same ones. Who may use them
// is decided in roles.ts.
import { parseTopic } from '../telemetry/topics.ts';
import type { Topic } from '../telemetry/topics.ts';
import { topicRefusal } from './roles.ts';
import type { Access } from './roles.ts';

export interface KnownTopic {
  readonly topic: string;
  readonly levels: readonly string[];
  readonly type: Topic['type'] | undefined;
}

const MAX_TOPICS = 65_536;
const PLAIN = /^[\x20-\x7E]+$/;

export class KnownTopics {
  readonly #city: string;
  readonly #topics = new Map<string, KnownTopic>();

  constructor(city: string) {
    this.#city = city;
  }

  /** latin1: the topic's bytes, read as Latin-1; undefined unless it is ASCII, a topic of this city, and may be published to. */
  find(latin1: string, access: Access): KnownTopic | undefined {
    const known = this.#topics.get(latin1);
    if (!known) return this.#learn(latin1, access);
    return access.mayPublishTo(known.levels) ? known : undefined;
  }

  /** Topics that are refused are not remembered: nobody can push out the others with them. */
  #learn(topic: string, access: Access): KnownTopic | undefined {
    if (!PLAIN.test(topic) || topicRefusal(topic, this.#city)) return undefined;
    const known = { topic, levels: topic.split('/'), type: parseTopic(topic)?.type };
    if (!access.mayPublishTo(known.levels)) return undefined;
    if (this.#topics.size >= MAX_TOPICS) this.#topics.clear();
    this.#topics.set(topic, known);
    return known;
  }
}
