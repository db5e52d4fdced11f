// `citytwin replay`: sends a recording over MQTT again, with the times and sequence numbers it was recorded with. What a message says is
// not looked at; the city that takes it decides.
import type { Message } from './history/source.ts';
import { EVERYTHING, recordOf } from './history/source.ts';
import { EXIT_INTERRUPTED, interruption } from './history/interruption.ts';
import { kindsIn, openRecording } from './history/recording-source.ts';
import { Replayer } from './history/replayer.ts';
import type { Replayed } from './history/replayer.ts';
import { createLog } from './log.ts';
import type { Settings } from './options.ts';
import { createProgress } from './progress.ts';
import { brokerAddress, patiently } from './wiring.ts';

type ReplaySettings = Pick<Settings, 'broker' | 'credentials' | 'speed' | 'shift' | 'kinds' | 'json' | 'logLevel'>;

/** @returns 0 when the broker has acknowledged everything, 1 when not, 130 when it was interrupted */
export async function replay(settings: ReplaySettings, file: string): Promise<number> {
  const log = createLog(settings);
  const interrupted = interruption();
  const selection = { ...EVERYTHING, ...(settings.kinds !== undefined && { kinds: kindsIn(settings.kinds) }) };
  const source = await openRecording(file, selection);
  // Whatever is waited for then comes to its end.
  interrupted.addEventListener('abort', () => void source.close());
  const progress = createProgress(settings.json);
  const address = brokerAddress(settings, 'simulator');
  const replayer = new Replayer({
    broker: address,
    header: source.header,
    speed: settings.speed ?? 1,
    shift: settings.shift,
    interrupted,
  });
  try {
    await patiently(address, replayer.start(), log);
    for await (const batch of source.messages()) {
      await replayer.send(batch);
      if (interrupted.aborted) break;
      show(progress, batch, replayer.replayed);
    }
    await replayer.finish();
  } catch (error) {
    if (!interrupted.aborted) throw error;
  } finally {
    progress.end();
    await replayer.stop();
    await source.close();
  }
  report(settings, file, replayer.replayed, interrupted.aborted);
  const { acknowledged, records, events } = replayer.replayed;
  if (interrupted.aborted) return EXIT_INTERRUPTED;
  return acknowledged === records + events ? 0 : 1;
}

function show(
  progress: ReturnType<typeof createProgress>,
  batch: readonly Message[],
  { records, events }: Replayed,
): void {
  const last = batch.at(-1);
  if (last === undefined) return;
  const at = new Date(recordOf(last).ts).toISOString();
  progress.show(undefined, `${(records + events).toLocaleString('en')} messages, up to ${at}`);
}

function report({ json }: ReplaySettings, file: string, replayed: Replayed, interrupted: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ file, ...replayed, interrupted })}\n`);
    return;
  }
  const { records, events, acknowledged, late, skipped, seconds } = replayed;
  const sent = `${records.toLocaleString('en')} records and ${events.toLocaleString('en')} events in ${seconds.toFixed(1)} s`;
  const notes = [
    `${acknowledged.toLocaleString('en')} acknowledged`,
    ...(late > 0 ? [`${late.toLocaleString('en')} came late in the recording and were sent at once`] : []),
    ...(skipped > 0 ? [`${skipped.toLocaleString('en')} lines of ground truth left out`] : []),
    ...(interrupted ? ['interrupted'] : []),
  ];
  process.stdout.write(`${sent}: ${notes.join(', ')}\n`);
}
