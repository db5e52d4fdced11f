// The report of a run: JSON that scripts rely on, JUnit XML for CI, and lines for people.
import { junitOf } from '../report/junit.ts';
import type { ExpectationResult } from '../simulator/scenario/judge.ts';
import type { Speed } from '../simulator/clock.ts';

export interface RunReport {
  readonly version: string;
  readonly node: string;
  /** Name or file, as it was given. */
  readonly source: string;
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly settings: {
    readonly mode: 'city' | 'pipeline';
    readonly scale: number;
    readonly speed: Speed;
    readonly workers: number;
    readonly control: boolean;
    readonly fleets: { readonly [kind: string]: number };
  };
  readonly seed: number;
  readonly simSeconds: number;
  readonly wallSeconds: number;
  /** Simulated seconds per second. */
  readonly trueSpeed: number;
  readonly records: number;
  readonly recordHash: string;
  readonly commandLogHash: string;
  readonly counters: { readonly [name: string]: unknown };
  readonly platform?: { readonly [figure: string]: unknown };
  readonly expectations: readonly ExpectationResult[];
  /** False when it was stopped before its end. */
  readonly complete: boolean;
  readonly ok: boolean;
}

/** JUnit XML: one test case an expectation. */
export function junitOfRun({ scenario, wallSeconds, expectations }: RunReport): string {
  const cases = expectations.map((expectation) => ({
    name: expectation.name,
    failure: expectation.ok ? undefined : failureText(expectation),
  }));
  return junitOf({ name: scenario, wallSeconds, cases });
}

export function failureText({ value, limit, reason }: ExpectationResult): string {
  return `is ${value ?? 'not measured'}, expected ${limit}${reason === undefined ? '' : ` (${reason})`}`;
}

/** For a terminal. */
export function reportLines(report: RunReport): string[] {
  const { expectations, records, recordHash, simSeconds, wallSeconds, trueSpeed } = report;
  const width = Math.max(0, ...expectations.map(({ name }) => name.length));
  return [
    ...expectations.map((expectation) => {
      const { name, ok, value, limit, reason } = expectation;
      const measured = `${value ?? 'not measured'}  ${limit}${reason === undefined ? '' : `  ${reason}`}`;
      return `${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${measured}`;
    }),
    ...counterLines(report),
    `${records} messages, hash ${recordHash}, ${simSeconds} s simulated in ${wallSeconds} s (${trueSpeed}×)`,
    report.complete ? (report.ok ? 'all expectations met' : 'not all expectations met') : 'stopped before the end',
  ];
}

function counterLines({ counters }: RunReport): string[] {
  const { devices, bytesPerDevice, maxResidentMb, peakPerS, peakAt } = counters;
  if (typeof bytesPerDevice !== 'number') return [];
  return [
    `${String(devices)} devices at ${bytesPerDevice} bytes each, ${String(maxResidentMb)} MB at most in all; busiest minute ${String(peakPerS)} messages/s at ${String(peakAt)}`,
  ];
}
