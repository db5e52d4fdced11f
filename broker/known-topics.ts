// Topics of the city that were seen before, taken apart: most messages come again and again under the same ones. Who may use them is
// decided elsewhere (roles.ts).
import { parseTopic } from '../telemetry/topics.ts';
import type { Topic } from '../telemetry/topics.ts';
import { topicRefusal } from './roles.ts';

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

  /** latin1: the topic's bytes, read as Latin-1; undefined unless it is ASCII and a topic of this city. */
  find(latin1: string): KnownTopic | undefined {
    return this.#topics.get(latin1) ?? this.#learn(latin1);
  }

  #learn(topic: string): KnownTopic | undefined {
    if (!PLAIN.test(topic) || topicRefusal(topic, this.#city)) return undefined;
    if (this.#topics.size >= MAX_TOPICS) this.#topics.clear();
    const known = { topic, levels: topic.split('/'), type: parseTopic(topic)?.type };
    this.#topics.set(topic, known);
    return known;
  }
}
