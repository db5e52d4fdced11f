// A line without axes: the last hour at a glance. Gaps stay gaps. The band is what is normal.
import type { JSX } from 'preact';

const WIDTH = 120;
const HEIGHT = 28;
const MARGIN = 3;

export interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly label: string;
  readonly band?: readonly [low: number, high: number] | undefined;
  /** Moments to mark, by place among the values. */
  readonly marks?: readonly number[];
}

export function Sparkline({ values, label, band, marks = [] }: SparklineProps): JSX.Element {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2)
    return <svg class="sparkline" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} />;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const span = high - low || Math.max(1, Math.abs(high) * 0.1);
  const x = (index: number): number => MARGIN + (index / Math.max(1, values.length - 1)) * (WIDTH - 2 * MARGIN);
  const y = (value: number): number => HEIGHT - MARGIN - ((value - low) / span) * (HEIGHT - 2 * MARGIN);
  const clampY = (value: number): number => Math.min(HEIGHT, Math.max(0, y(value)));
  const last = values.findLastIndex((value) => value !== null);
  return (
    <svg class="sparkline" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      {band !== undefined && (
        <rect
          class="sparkline-band"
          x={0}
          width={WIDTH}
          y={clampY(band[1])}
          height={clampY(band[0]) - clampY(band[1])}
        />
      )}
      {marks.map((at) => (
        <line key={at} class="sparkline-mark" x1={x(at)} x2={x(at)} y1={0} y2={HEIGHT} />
      ))}
      <path d={linePath(values, x, y)} />
      <circle cx={x(last)} cy={y(values[last]!)} r={2.4} />
    </svg>
  );
}

function linePath(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let down = false;
  values.forEach((value, index) => {
    if (value !== null) path += `${down ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    down = value !== null;
  });
  return path;
}
