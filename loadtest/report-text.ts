// The report for a terminal: a table of times, what was counted, what was expected, and the verdict last, where the eye is.
import { cautionsOf, faultsOf, ms, whole } from './report.ts';
import type { LoadReport } from './report.ts';
import type { Step } from './find-max.ts';
import type { Distribution } from './result.ts';

export const TIMES: readonly (readonly [
  key: 'latencyMs' | 'ackMs' | 'connectMs' | 'subscribeMs',
  label: string,
  meaning: string,
])[] = [
  ['latencyMs', 'end to end', 'from the moment a message was meant to leave to its arrival'],
  ['ackMs', 'acknowledged', 'from the same moment to PUBACK or PUBCOMP'],
  ['connectMs', 'connect', 'from the intended TCP connect to CONNACK'],
  ['subscribeMs', 'subscribe', 'from SUBSCRIBE to SUBACK'],
];
export const COLUMNS = ['p50', 'p90', 'p99', 'p999', 'max'] as const;

/** steps: those of a search are listed; they may have been shown while it went on. */
export function reportLines(report: LoadReport, steps = true): string[] {
  const { broker, profile, preset, findMax, verdict } = report;
  const title = `${preset ?? profile} against ${broker}`;
  if (report.skipped !== undefined) return [title, ...expectationLines(report), verdict];
  return [
    title,
    ...timeLines(report),
    ...countLines(report),
    ...(findMax === undefined || !steps ? [] : ['', ...findMax.steps.map(stepLine)]),
    ...expectationLines(report),
    ...[...cautionsOf(report), report.clock].map((caution) => `note  ${caution}`),
    verdict,
  ];
}

function timeLines(report: LoadReport): string[] {
  const measured = TIMES.filter(([key]) => report[key].count > 0);
  if (measured.length === 0) return [];
  const cells = (distribution: Distribution) => COLUMNS.map((column) => ms(distribution[column]).padStart(10)).join('');
  return [
    `${''.padEnd(14)}${COLUMNS.map((column) => column.padStart(10)).join('')}`,
    ...measured.map(([key, label]) => `${label.padEnd(14)}${cells(report[key])}`),
  ];
}

function countLines(report: LoadReport): string[] {
  const { sent, connections, offeredPerS, sentPerS, receivedPerS, generator, errors } = report;
  const rates = `${whole(offeredPerS)}/s offered, ${whole(sentPerS)}/s sent, ${whole(receivedPerS)}/s received`;
  return [
    `${whole(connections)} connections${sent === 0 ? '' : `; ${rates}`}`,
    ...(sent === 0 ? [] : [messagesLine(report)]),
    ...Object.entries(errors).map(([cause, count]) => `${whole(count)} × ${cause}`),
    `generator: lag p99 ${ms(generator.lagMsP99)}, busiest thread ${Math.round(generator.cpuShare * 100)} % of a core`,
  ];
}

/** What could not be counted is not nought. */
function messagesLine(report: LoadReport): string {
  const { sent, acked, received, expected, plan } = report;
  const acknowledged = plan.qos > 0 ? [`${whole(acked)} acknowledged`] : [];
  const arrived = expected > 0 ? [`${whole(received)} of ${whole(expected)} received`] : acknowledged;
  const faults = faultsOf(report);
  const counted = faults.flatMap(([name, count]) => (count === undefined ? [] : [`${whole(count)} ${name}`]));
  const unknown = faults.filter(([, count]) => count === undefined).map(([name]) => name);
  const missing = unknown.length === 0 ? '' : `; not measured: ${unknown.join(', ')}`;
  return `${[`${whole(sent)} sent`, ...arrived, ...counted].join(', ')}${missing}`;
}

/** One step of a search, also while it goes on. */
export function stepLine({ perS, outcome, why, p99Ms, lost, lagMsP99 }: Step): string {
  const p99 = p99Ms === undefined ? '' : `p99 ${ms(p99Ms)}, lag ${ms(lagMsP99)}, `;
  return `${outcome.padEnd(10)}${whole(perS).padStart(10)}/s  ${p99}${whole(lost)} lost${why === undefined ? '' : `  (${why})`}`;
}

function expectationLines({ expectations }: LoadReport): string[] {
  return expectations.map(
    ({ name, ok, value, reason }) => `${ok ? 'ok  ' : 'FAIL'}  ${name}  ${valueText(value, reason)}`,
  );
}

function valueText(value: number | undefined, reason: string | undefined): string {
  if (value === undefined) return reason ?? 'not measured';
  return reason === undefined ? String(value) : `${value} (${reason})`;
}
