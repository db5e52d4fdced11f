// One record as a line, for the tests of what is written and read.
import { PackedRecords } from '../../api/packed-records.ts';
import { RecordLines, noLines } from '../../api/stores/record-lines.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

/** @throws Error with the reason for which it is refused */
export function recordLine(city: string, record: TelemetryRecord): string {
  const records = new PackedRecords();
  records.add(record);
  const lines = noLines(16);
  for (const rows of records.kinds) {
    new RecordLines(city).write(rows, 0, rows.count, lines, (_, reason) => {
      throw new Error(reason);
    });
  }
  return lines.bytes.written().subarray(0, -1).toString();
}
