// What the dispatch centre costs: records a second through `observe` and `decide`, for a line of 25 stops with an arrival and a departure each
// (as experiments feed it), under each policy, and with a report every 20 s. CPU time of one thread. `node benchmarks/bus-dispatch.ts [policy …]`
import { cpus } from 'node:os';
import { BusDispatch } from '../control/bus-dispatch.ts';
import { POLICY_NAMES } from '../control/bus/policy.ts';
import type { PolicyName } from '../control/bus/policy.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';

const STOPS = 25;
const BUSES = 20;
const LEG_S = 110;
const DWELL_S = 15;
const HOURS = 14;
const RUNS = 7;
/** Days of one run, each with a centre of its own. */
const DAYS = 20;
const REPORT_EVERY_S = 20;

/** A day of buses that go out and back, each a little late or early at every stop; made once, so that only the centre is measured. */
function dayOfRecords(): TelemetryRecord[] {
  const records: TelemetryRecord[] = [];
  const roundS = 2 * STOPS * (LEG_S + DWELL_S);
  for (let bus = 0; bus < BUSES; bus++) {
    const device = `bus-${bus}`;
    for (let visit = 0; ; visit++) {
      const stop = visit % (2 * STOPS);
      const arrivesS = (bus * roundS) / BUSES + visit * (LEG_S + DWELL_S) + ((visit * 7 + bus * 13) % 40);
      if (arrivesS > HOURS * 3600) break;
      records.push(...visitRecords(device, stop, arrivesS));
    }
  }
  return records.sort((a, b) => a.ts - b.ts);
}

function visitRecords(device: string, stop: number, arrivesS: number): TelemetryRecord[] {
  const direction = stop < STOPS ? 'out' : 'back';
  const stopSequence = stop % STOPS;
  const place = {
    line: '608',
    direction,
    nextStop: `${direction}-${stopSequence}`,
    stopSequence,
    load: 20,
    delayS: 10,
  };
  const counts = { boarded: 4, alighted: 4, denied: 0, headwayS: 300, targetHeadwayS: 300 };
  const record = (atS: number, fields: TelemetryRecord['fields']): TelemetryRecord => {
    return { kind: 'bus', device, ts: 1000 * atS, seq: 0, fields };
  };
  return [
    record(arrivesS, { ...place, status: 'stoppedAt' }),
    record(arrivesS + DWELL_S, { ...place, status: 'inTransitTo', ...counts }),
  ];
}

function measure(records: readonly TelemetryRecord[], policy: PolicyName, reports: boolean): number {
  const days = reports ? 1 : DAYS;
  const began = process.threadCpuUsage();
  for (let day = 0; day < days; day++) liveDay(new BusDispatch({ policy }), records, reports);
  const { user, system } = process.threadCpuUsage(began);
  return (1e6 * days * records.length) / (user + system);
}

function liveDay(dispatch: BusDispatch, records: readonly TelemetryRecord[], reports: boolean): void {
  let reportedMs = 0;
  for (const record of records) {
    dispatch.observe(record);
    dispatch.decide(record.ts);
    if (!reports || record.ts - reportedMs < 1000 * REPORT_EVERY_S) continue;
    reportedMs = record.ts;
    dispatch.report(record.ts);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function show(name: string, rates: readonly number[]): void {
  const [low, middle, high] = [Math.min(...rates), median(rates), Math.max(...rates)].map((rate) => rate.toFixed(0));
  console.log(`${name.padEnd(34)} ${middle!.padStart(9)} records/CPU s  (${low} … ${high})`);
}

const wanted = process.argv.slice(2);
const records = dayOfRecords();
console.log(
  `${cpus()[0]?.model}, Node ${process.versions.node}; ${records.length} records of ${BUSES} buses, median (min … max) of ${RUNS} runs`,
);
for (const policy of POLICY_NAMES.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  measure(records, policy, false);
  show(
    policy,
    Array.from({ length: RUNS }, () => measure(records, policy, false)),
  );
}
show(
  'forward-headway, reports every 20 s',
  Array.from({ length: RUNS }, () => measure(records, 'forward-headway', true)),
);
