// Says once more, as HFP v2, where buses on trips are. At most once each: when the broker is slow, messages are left out.
import { hfpPayload, hfpTopic } from '../../telemetry/hfp.ts';
import type { HfpBefore, HfpJourney } from '../../telemetry/hfp.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { stopAt } from './running.ts';
import type { RunningTrip } from './running.ts';

/** A city has one operator. */
const OPERATOR = 1;
const MAX_UNDER_WAY = 1000;
const MAX_VEHICLES = 50_000;

export class HfpFeed {
  readonly #publish: (topic: string, payload: Uint8Array) => Promise<void>;
  readonly #before = new Map<string, HfpBefore>();
  #underWay = 0;

  /** publish: rejects when there is no broker. */
  constructor(publish: (topic: string, payload: Uint8Array) => Promise<void>) {
    this.#publish = publish;
  }

  publish(record: TelemetryRecord, running: RunningTrip): void {
    const { lat, lon } = record.fields;
    if (typeof lat !== 'number' || typeof lon !== 'number' || this.#underWay >= MAX_UNDER_WAY) return;
    const journey = journeyOf(running);
    const before = this.#before.get(record.device);
    const payload = Buffer.from(JSON.stringify(hfpPayload(record, journey, before)));
    this.#underWay++;
    this.#publish(hfpTopic(record, journey, before), payload)
      // Nobody is there to hear it.
      .catch(() => undefined)
      .finally(() => this.#underWay--);
    this.#before.delete(record.device);
    this.#before.set(record.device, { record, journey });
    if (this.#before.size > MAX_VEHICLES) this.#before.delete(this.#before.keys().next().value!);
  }
}

function journeyOf({ dated, next, atStop }: RunningTrip): HfpJourney {
  const { pattern, trip, date } = dated;
  const minutes = Math.floor(trip.startS / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  const stop = stopAt(dated, next);
  return {
    operator: OPERATOR,
    headsign: pattern.headsign,
    // HSL tells the time of day, also of trips after midnight.
    start: `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`,
    operatingDay: date,
    nextStop: stop,
    stop: atStop ? stop : undefined,
  };
}
