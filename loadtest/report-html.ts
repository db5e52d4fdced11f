// The report as one page that needs nothing else. For people who decide whether to believe it: the verdict and what limits its truth come
// first, then time by time and percentile by percentile, then how to repeat it.
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { pageOf, text } from '../report/page.ts';
import { scaleOf } from '../report/scale.ts';
import { tellsLoss } from './countable.ts';
import { decadesOf, lineChart } from './line-chart.ts';
import type { Line } from './line-chart.ts';
import { LINES_STYLE } from './report-style.ts';
import { COLUMNS, TIMES } from './report-text.ts';
import { cautionsOf, faultsOf, ms, whole } from './report.ts';
import type { LoadReport } from './report.ts';
import { FOREIGN } from './result.ts';
import type { Distribution } from './result.ts';

const US_PER_MS = 1000;
/** Percentile lines are drawn at this many places between 0 and 99.999 %. */
const PERCENTILE_POINTS = 200;
const MAX_NINES = 5;

export function htmlOf(report: LoadReport): string {
  const { profile, preset, broker, version, node, date, wallSeconds, command } = report;
  const name = preset ?? profile;
  const body = `<section class="card verdict ${report.ok ? '' : 'note'}"><p>${text(report.verdict)}</p></section>
${facts(report)}
${cautionsOf(report)
  .map((caution) => `<p class="card note">${text(caution)}</p>`)
  .join('\n')}
<p class="quiet clock">${text(report.clock)}</p>
${expectationTable(report)}
${searchTable(report)}
${timesTable(report)}
${charts(report)}
${countsTable(report)}
${planTable(report)}
<h2>Repeat it</h2>
<pre class="card">${text(command)}</pre>
<footer>citytwin ${text(version)} · Node ${text(node)} · ${text(date)} · ${wallSeconds.toFixed(1)} s</footer>`;
  return pageOf({
    title: `${name} against ${broker}`,
    eyebrow: `citytwin load test · ${name}`,
    style: LINES_STYLE,
    body,
  });
}

function facts(report: LoadReport): string {
  const { sentPerS, offeredPerS, receivedPerS, lost, expected, latencyMs, ackMs, connections, sent } = report;
  const times = latencyMs.count > 0 ? latencyMs : ackMs;
  const rows = [
    ['Connections', whole(connections), ''],
    ...(sent === 0
      ? []
      : [
          ['Sent', `${whole(sentPerS)}/s`, `of ${whole(offeredPerS)}/s offered`],
          ['Received', `${whole(receivedPerS)}/s`, ''],
          [
            'Lost',
            tellsLoss(report.plan) ? whole(lost) : 'not measured',
            expected === 0 ? '' : `of ${whole(expected)}`,
          ],
        ]),
    ...(times.count === 0
      ? []
      : [
          ['p50', ms(times.p50), latencyMs.count > 0 ? 'end to end' : 'acknowledged'],
          ['p99', ms(times.p99), ''],
          ['Max', ms(times.max), ''],
        ]),
    ['Generator', report.valid ? 'kept up' : 'saturated', `lag p99 ${ms(report.generator.lagMsP99)}`],
  ];
  return `<dl class="facts">${rows
    .map(([term, value, note]) => `<div><dt>${term}</dt><dd>${text(value!)} <small>${text(note!)}</small></dd></div>`)
    .join('')}</dl>`;
}

function expectationTable({ expectations }: LoadReport): string {
  const rows = expectations.map(({ name, value, reason, limit, ok }) => [
    th(name),
    td(limit),
    number(value === undefined ? (reason ?? 'not measured') : String(value)),
    `<td class="${ok ? 'ok' : 'failed'}"><b>${ok ? '✓ met' : '✗ not met'}</b></td>`,
  ]);
  return table('Expected', ['What', 'Limit', '#Measured', 'Result'], rows);
}

function searchTable({ findMax }: LoadReport): string {
  const rows = (findMax?.steps ?? []).map((step) => [
    number(`${whole(step.perS)}/s`),
    `<td class="${step.outcome}"><b>${step.outcome}</b></td>`,
    number(`${whole(step.sentPerS)}/s`),
    number(`${whole(step.receivedPerS)}/s`),
    number(whole(step.lost)),
    number(step.p99Ms === undefined ? '–' : ms(step.p99Ms)),
    number(ms(step.lagMsP99)),
    td(step.why ?? ''),
  ]);
  const note =
    'A step in which the generator was at its limit is called saturated: it says nothing about the broker. All figures below are of the highest rate that held.';
  return table(
    'The search',
    ['#Offered', 'Outcome', '#Sent', '#Received', '#Lost', '#p99', '#Lag p99', 'Why'],
    rows,
    note,
  );
}

function timesTable(report: LoadReport): string {
  const rows = TIMES.filter(([key]) => report[key].count > 0).map(([key, label, meaning]) => [
    `<th scope="row">${text(label)}<small>${text(meaning)}</small></th>`,
    number(whole(report[key].count)),
    ...COLUMNS.map((column) => number(ms(report[key][column]))),
  ]);
  return table('Times', ['What', '#Count', '#p50', '#p90', '#p99', '#p99.9', '#Max'], rows);
}

function charts(report: LoadReport): string {
  const drawn = [ratesChart(report), latencyChart(report), percentileChart(report), generatorChart(report)].filter(
    (chart) => chart !== '',
  );
  return drawn.length === 0 ? '' : `<h2>Second by second</h2>\n<div class="charts">${drawn.join('\n')}</div>`;
}

function ratesChart({ timeline, sent }: LoadReport): string {
  if (timeline.length < 2) return '';
  const lines =
    sent === 0
      ? [lineOf(timeline, 'connected', ({ connected }) => connected)]
      : [
          lineOf(timeline, 'offered', ({ offered }) => offered),
          lineOf(timeline, 'sent', (second) => second.sent),
          lineOf(timeline, 'received', ({ received }) => received),
          lineOf(timeline, 'acknowledged', ({ acked }) => acked),
        ].filter(({ points }) => points.some(([, y]) => y > 0));
  return lineChart({
    title: sent === 0 ? 'Connections' : 'Messages per second',
    subtitle: 'over time, s; below zero: warm-up',
    lines,
    x: secondsAxis(timeline),
    y: { scale: scaleOf([0, ...valuesOf(lines)]), format: whole },
  });
}

function latencyChart({ timeline, latencyMs }: LoadReport): string {
  const lines = [
    lineOf(timeline, 'p50', ({ p50Ms }) => p50Ms || Number.NaN),
    lineOf(timeline, 'p99', ({ p99Ms }) => p99Ms || Number.NaN),
    lineOf(timeline, 'max', ({ maxMs }) => maxMs || Number.NaN),
  ];
  if (timeline.length < 2 || !valuesOf(lines).some(Number.isFinite)) return '';
  const subtitle = `${latencyMs.count > 0 ? 'end to end' : 'to the acknowledgement'}, of the messages that were due in each second`;
  return lineChart({ title: 'Latency', subtitle, ...logarithmic(lines), x: secondsAxis(timeline) });
}

function generatorChart({ timeline }: LoadReport): string {
  const lines = [lineOf(timeline, 'lag p99', ({ lagP99Ms }) => lagP99Ms)];
  if (timeline.length < 2 || valuesOf(lines).every((value) => value === 0)) return '';
  return lineChart({
    title: 'The generator itself',
    subtitle: 'how late messages were written',
    lines,
    x: secondsAxis(timeline),
    y: { scale: scaleOf([0, ...valuesOf(lines)]), format: ms },
  });
}

/** The usual picture of an HdrHistogram: each further nine of the percentile takes the same width. */
function percentileChart(report: LoadReport): string {
  const lines = TIMES.filter(([key]) => report[key].count > 0).map(([key, label]) => ({
    label,
    points: percentilePoints(report[key]),
  }));
  if (lines.length === 0) return '';
  const nines = Array.from({ length: MAX_NINES + 1 }, (_, at) => at);
  return lineChart({
    title: 'Percentiles',
    subtitle: 'share of the messages that took at most so long; every nine takes the same width',
    ...logarithmic(lines),
    x: { scale: { low: 0, high: MAX_NINES, ticks: nines, decimals: 0 }, format: percentOfNines },
  });
}

/** Logarithmic, for times from µs to s. */
function logarithmic(lines: readonly Line[]) {
  return {
    lines: lines.map(({ label, points }) => ({
      label,
      points: points.map(([x, y]): [number, number] => [x, Math.log10(y)]),
    })),
    y: { scale: decadesOf(valuesOf(lines)), format: (power: number) => ms(10 ** power) },
  };
}

function percentilePoints({ hdr, count }: Distribution): [number, number][] {
  const histogram = decodeFromCompressedBase64(hdr);
  // Beyond this many nines a single message is drawn as a line.
  const end = Math.min(MAX_NINES, Math.log10(Math.max(10, count)));
  return Array.from({ length: PERCENTILE_POINTS + 1 }, (_, at) => {
    const nines = (end * at) / PERCENTILE_POINTS;
    return [nines, histogram.getValueAtPercentile(100 * (1 - 10 ** -nines)) / US_PER_MS];
  });
}

/** 0, 90, 99, 99.9 … */
function percentOfNines(nines: number): string {
  if (nines === 0) return '0 %';
  return `${(100 * (1 - 10 ** -nines)).toFixed(Math.max(0, nines - 2))} %`;
}

function lineOf(
  timeline: LoadReport['timeline'],
  label: string,
  of: (second: LoadReport['timeline'][number]) => number,
) {
  return { label, points: timeline.map((second): [number, number] => [second.atS, of(second)]) };
}

function valuesOf(lines: readonly Line[]): number[] {
  return lines.flatMap(({ points }) => points.map(([, y]) => y));
}

function secondsAxis(timeline: LoadReport['timeline']) {
  const scale = scaleOf(timeline.map(({ atS }) => atS));
  return { scale, format: (value: number) => String(Number(value.toFixed(scale.decimals))) };
}

function countsTable(report: LoadReport): string {
  const { sent, unsent, expected, received, acked, errors, generator } = report;
  const counted: (readonly [string, string])[] = [
    ['Sent', whole(sent)],
    ['Due, but never sent', whole(unsent)],
    ['Acknowledged', whole(acked)],
    ['Deliveries due', whole(expected)],
    ['Received', whole(received)],
    ...faultsOf(report).map(([name, count]): [string, string] => [
      name,
      count === undefined ? 'not measured' : whole(count),
    ]),
    ...Object.entries(errors).map(([cause, count]): [string, string] => [
      cause === FOREIGN ? cause : `Error: ${cause}`,
      whole(count),
    ]),
    ['Generator: lag p99, max', `${ms(generator.lagMsP99)}, ${ms(generator.lagMsMax)}`],
    ['Waiting for the broker before the write, p99', ms(generator.blockedMsP99)],
    ['Generator: busiest thread', `${Math.round(generator.cpuShare * 100)} % of a core`],
    ['Generator: event loop delay p99', ms(generator.loopDelayMsP99)],
    ['Generator: connections begun late, p99', ms(generator.connectLagMsP99)],
    ['Generator: busiest thread while connecting', `${Math.round(generator.connectCpuShare * 100)} % of a core`],
  ];
  return table(
    'Counted',
    ['What', '#Value'],
    counted.map(([name, value]) => [th(name), number(value)]),
    'Of the measured messages, without the warm-up.',
  );
}

function planTable({ plan, broker }: LoadReport): string {
  const { schedule, target } = plan;
  const rows: (readonly [string, string])[] = [
    ['Target', `${broker}, MQTT ${target.version}${target.username === undefined ? '' : ', with user and password'}`],
    ['Devices', `${whole(plan.connections)}: ${whole(plan.publishers)} publish, ${whole(plan.subscribers)} subscribe`],
    ['New connections', `${whole(plan.connectPerS)}/s`],
    ['Schedule', scheduleText(schedule)],
    ['Topic', plan.topic],
    ['QoS', `${plan.qos} to publish, ${plan.subscribeQos} to subscribe`],
    ['Payload', schedule.kind === 'spool' ? 'as recorded' : `${plan.sizeBytes} bytes`],
    ['Un-acknowledged per connection', `at most ${whole(plan.window)}`],
    ['Sessions', plan.cleanSession ? 'clean' : 'kept'],
    ['Keep-alive', `${plan.keepAliveS} s`],
    ['Warm-up, measured, drain', `${plan.warmUpS} s, ${plan.durationS} s, ${plan.drainS} s`],
    ['Seed', String(plan.seed)],
    ['Threads', `${plan.workers} at most to send, ${plan.receiverProcess ? 'a process' : 'one'} to receive`],
  ];
  return table(
    'What was done',
    ['What', 'Value'],
    rows.map(([name, value]) => [th(name), td(value)]),
  );
}

function scheduleText(schedule: LoadReport['plan']['schedule']): string {
  if (schedule.kind === 'spool') return `as recorded, ${schedule.speed}×`;
  if (schedule.kind === 'ramp') return `ramp from ${whole(schedule.fromPerS)}/s to ${whole(schedule.toPerS)}/s`;
  return `${schedule.kind}, ${whole(schedule.perS)}/s`;
}

const th = (value: string) => `<th scope="row">${text(value)}</th>`;
const td = (value: string) => `<td>${text(value)}</td>`;
const number = (value: string) => `<td class="number">${text(value)}</td>`;

/** columns: with # in front those of numbers; rows: HTML of the cells. Nothing without rows. */
function table(title: string, columns: readonly string[], rows: readonly (readonly string[])[], note = ''): string {
  if (rows.length === 0) return '';
  const head = columns.map((column) =>
    column.startsWith('#')
      ? `<th class="number" scope="col">${column.slice(1)}</th>`
      : `<th scope="col">${column}</th>`,
  );
  return `<h2>${text(title)}</h2>
${note === '' ? '' : `<p class="quiet">${text(note)}</p>`}
<div class="card wide"><table><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n')}
</tbody></table></div>`;
}
