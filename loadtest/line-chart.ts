// Lines over a common axis as inline SVG that stretches with its page; its words are HTML beside it. Knows points and axes, not what they mean.
import { text } from '../report/page.ts';
import { placeOf } from '../report/scale.ts';
import type { Scale } from '../report/scale.ts';

/** Width and height in the chart's own units; the page stretches it. */
const WIDTH = 1000;
const HEIGHT = 200;
/** More points than pixels say nothing. */
const MAX_POINTS = 2000;

export interface Line {
  readonly label: string;
  /** In the order of x; not finite: a gap. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  readonly lines: readonly Line[];
  readonly x: Axis;
  readonly y: Axis;
}

export interface Axis {
  readonly scale: Scale;
  readonly format: (value: number) => string;
}

/** A scale by powers of ten over all positive values: place and ticks are of the logarithm. */
export function decadesOf(values: Iterable<number>): Scale {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!(value > 0 && Number.isFinite(value))) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [1, 10];
  const from = Math.floor(Math.log10(low));
  const to = Math.max(from + 1, Math.ceil(Math.log10(high)));
  return { low: from, high: to, ticks: Array.from({ length: to - from + 1 }, (_, at) => from + at), decimals: 0 };
}

export function lineChart({ title, subtitle, lines, x, y }: LineChart): string {
  const paths = lines.map((line, index) => `<path class="drawn line-${index % 4}" d="${pathOf(line, x, y)}"/>`);
  const grid = y.scale.ticks.map((tick) => `M0 ${down(y, tick)}H${WIDTH}`).join('');
  const described = `${title}: ${lines.map(({ label }) => label).join(', ')}`;
  return `<figure class="card">
<figcaption><b>${text(title)}</b> <span>${text(subtitle)}</span></figcaption>
<ul class="legend">${lines.map(({ label }, index) => `<li class="line-${index % 4}"><i></i>${text(label)}</li>`).join('')}</ul>
<div class="line-chart">
<div class="y-axis" aria-hidden="true">${y.scale.ticks.map((tick) => label('bottom', y, tick)).join('')}</div>
<div class="plot"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${text(described)}"><path class="grid" d="${grid}"/>${paths.join('')}</svg></div>
<div class="x-axis" aria-hidden="true">${x.scale.ticks.map((tick) => label('left', x, tick)).join('')}</div>
</div>
</figure>`;
}

function label(side: 'left' | 'bottom', { scale, format }: Axis, tick: number): string {
  return `<span style="${side}:${(100 * placeOf(scale, tick)).toFixed(2)}%">${text(format(tick))}</span>`;
}

function pathOf({ points }: Line, x: Axis, y: Axis): string {
  const every = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  let pen = 'M';
  let path = '';
  for (let at = 0; at < points.length; at += every) {
    const [across, up] = points[at]!;
    if (!Number.isFinite(up) || !Number.isFinite(across)) {
      pen = 'M';
      continue;
    }
    path += `${pen}${round(placeOf(x.scale, across) * WIDTH)} ${down(y, up)}`;
    pen = 'L';
  }
  return path;
}

function down({ scale }: Axis, value: number): number {
  return round((1 - placeOf(scale, value)) * HEIGHT);
}

const round = (value: number) => Math.round(value * 10) / 10;
