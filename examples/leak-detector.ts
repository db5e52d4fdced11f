// A leak detector for a city's water meters, as an analyst would write one: it reads a recording or listens to the live city over MQTT, and
// where the city publishes its ground truth it says how good it was. What it looks for: `night-flow.ts`; how it is scored: `leak-score.ts`.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { connectAsync } from 'mqtt';
import { parsePayload } from '../telemetry/json-codec.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';
import { decodeRecordingLine } from '../telemetry/ndjson.ts';
import { clockTopic, truthTopic } from '../telemetry/topics.ts';
import { LeakScore } from './leak-score.ts';
import type { Score } from './leak-score.ts';
import { NightFlow } from './night-flow.ts';
import type { NightFlowOptions, Verdict } from './night-flow.ts';

const KIND = 'water-meter';
const HELP = `Finds leaks in what water meters report, and scores itself against the truth.

  node examples/leak-detector.ts --file run.ndjson       a recording, .gz too
  node examples/leak-detector.ts --broker mqtt://127.0.0.1:1883 [--city wuxi]

  --threshold 5   least night flow that is suspicious, L/h
  --nights 2      suspicious nights in a row that raise an alarm
  --json          the score as JSON
`;

export type Settings = Omit<NightFlowOptions, 'utcOffsetMin'>;

/** Detector and score side by side: one sees what meters say, the other what is true. */
class Trial {
  readonly #detector: NightFlow;
  readonly #score: LeakScore;
  readonly #onVerdict: (verdict: Verdict) => void;

  constructor(settings: Settings, utcOffsetMin: number, onVerdict: (verdict: Verdict) => void) {
    this.#detector = new NightFlow({ ...settings, utcOffsetMin });
    this.#score = new LeakScore(utcOffsetMin);
    this.#onVerdict = onVerdict;
  }

  record(record: TelemetryRecord): void {
    const verdict = this.#detector.observe(record);
    if (verdict === undefined) return;
    this.#score.verdict(verdict);
    this.#onVerdict(verdict);
  }

  truth(truth: TelemetryRecord): void {
    this.#score.truth(truth);
  }

  result(): Score {
    return this.#score.result();
  }
}

/** @throws Error for a line that is none, with its number, and for a recording that does not tell its civil time */
export async function scoreLines(
  lines: AsyncIterable<string> | Iterable<string>,
  settings: Settings,
  onVerdict: (verdict: Verdict) => void = () => {},
): Promise<Score> {
  let trial: Trial | undefined;
  let number = 0;
  for await (const text of lines) {
    const line = decodeRecordingLine(text, ++number);
    if (line.type === 'header') {
      const { utcOffsetMin } = line.header;
      if (utcOffsetMin === undefined) throw new Error('the header of the recording has no utcOffsetMin');
      trial = new Trial(settings, utcOffsetMin, onVerdict);
    } else if (trial === undefined) throw new Error(`line ${number}: expected the header of a recording`);
    else if (line.type === 'record' && line.record.kind === KIND) trial.record(line.record);
    else if (line.type === 'truth' && line.truth.kind === KIND) trial.truth(line.truth);
  }
  if (trial === undefined) throw new Error('the recording is empty');
  return trial.result();
}

function scoreFile(file: string, settings: Settings): Promise<Score> {
  const bytes = createReadStream(file);
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  return scoreLines(createInterface({ input: text, crlfDelay: Infinity }), settings, tell);
}

/** Listens until Ctrl-C. Scores itself only where the broker lets it read the truth. */
async function scoreLive(broker: string, city: string, settings: Settings): Promise<Score | undefined> {
  const client = await connectAsync(broker, { clientId: `leak-detector-${process.pid}` });
  let trial: Trial | undefined;
  let hasTruth = false;
  const begin = async (utcOffsetMin: number) => {
    trial = new Trial(settings, utcOffsetMin, tell);
    await client.subscribeAsync(`city/${city}/${KIND}/+/telemetry`, { qos: 1 });
    hasTruth = await client.subscribeAsync(truthTopic(city, KIND, '+')).then(
      () => true,
      () => false,
    );
    console.error(hasTruth ? 'listening; Ctrl-C shows the score' : 'listening; the truth is not for us: no score');
  };
  client.on('message', (topic, payload) => {
    if (topic === clockTopic(city)) {
      const { utcOffsetMin } = parsePayload(payload);
      if (trial === undefined) void begin(Number(utcOffsetMin));
      return;
    }
    const record = recordOf(topic, payload);
    if (record === undefined) return;
    if (topic.startsWith('truth/')) trial?.truth(record);
    else trial?.record(record);
  });
  await client.subscribeAsync(clockTopic(city), { qos: 1 });
  await once(process, 'SIGINT');
  await client.endAsync();
  return hasTruth ? trial?.result() : undefined;
}

/** Undefined for a payload that is no record: that is the city's business, and it counts it. */
function recordOf(topic: string, payload: Uint8Array): TelemetryRecord | undefined {
  const { kind, device } = /^(?:city|truth)\/[^/]+\/(?<kind>[^/]+)\/(?<device>[^/]+)/.exec(topic)?.groups ?? {};
  try {
    const { ts, seq = 0, ...fields } = parsePayload(payload);
    if (kind === undefined || device === undefined || typeof ts !== 'number') return undefined;
    return { kind, device, ts, seq: Number(seq), fields: fields as TelemetryRecord['fields'] };
  } catch {
    return undefined;
  }
}

function tell({ device, state, atMs, flowLph }: Verdict): void {
  const text = state === 'raised' ? `leaks: never below ${flowLph} L/h at night` : 'is tight again';
  console.error(`${new Date(atMs).toISOString()} ${device} ${text}`);
}

export function report(score: Score): string {
  const percent = (part: number | undefined) => (part === undefined ? 'none' : `${(100 * part).toFixed(1)} %`);
  return [
    `meters     ${score.meters}`,
    `leaks      ${score.leaks} that lasted a night, ${score.found} found`,
    `alarms     ${score.alarms}, ${score.trueAlarms} of them true`,
    `precision  ${percent(score.precision)}`,
    `recall     ${percent(score.recall)} of leaks, ${percent(score.waterRecall)} of the water they lost`,
    `delay      ${score.delayH === undefined ? 'none' : `${score.delayH.toFixed(1)} h from begin to alarm, median`}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      broker: { type: 'string' },
      city: { type: 'string', default: 'wuxi' },
      threshold: { type: 'string', default: '5' },
      nights: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { file, broker, city, json } = values;
  if (values.help) {
    console.log(HELP);
    return;
  }
  const settings = {
    thresholdLph: positive('--threshold', values.threshold),
    nights: positive('--nights', values.nights),
  };
  if ((file === undefined) === (broker === undefined)) throw new Error('give either --file or --broker, see --help');
  const score = file === undefined ? await scoreLive(broker!, city, settings) : await scoreFile(file, settings);
  if (score !== undefined) console.log(json ? JSON.stringify(score) : report(score));
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag} must be a number above 0, got ${text}`);
  return value;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  });
}
