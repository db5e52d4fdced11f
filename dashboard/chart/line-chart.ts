// One line over time with Chart.js: no legend, no grid clutter, the last value at the line's end, events as vertical marks. Loaded when
// the first device is opened.
import { Chart, LineController, LineElement, LinearScale, PointElement, Tooltip, type Plugin } from 'chart.js';
import { timeTicks, type Point } from './series.ts';

Chart.register(LineController, LineElement, LinearScale, PointElement, Tooltip);

export interface ChartContent {
  readonly points: readonly Point[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly utcOffsetMin: number;
  readonly unit: string;
  /** Times of events within the range. */
  readonly events: readonly { readonly ts: number; readonly name: string }[];
  readonly formatTime: (ms: number) => string;
  readonly formatValue: (value: number) => string;
}

export interface LineChart {
  update(content: ChartContent): void;
  destroy(): void;
}

const SPARSE_BELOW = 60;
const FONT_PX = 11;

export function createLineChart(canvas: HTMLCanvasElement): LineChart {
  let content: ChartContent | undefined;
  const colour = (name: string): string => getComputedStyle(canvas).getPropertyValue(name).trim();
  const marks: Plugin<'line'> = {
    id: 'marks',
    afterDatasetsDraw: (chart) => {
      if (content !== undefined)
        drawMarks(chart, content, colour('--watch'), colour('--text'), colour('--panel'), colour('--accent'));
    },
  };
  const chart = new Chart(canvas, {
    type: 'line',
    data: { datasets: [] },
    plugins: [marks],
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      maintainAspectRatio: false,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      layout: { padding: { top: 14, right: 66 } },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items) => content?.formatTime(items[0]?.parsed.x ?? 0) ?? '',
            label: (item) => content?.formatValue(item.parsed.y ?? NaN) ?? '',
          },
        },
      },
      scales: {
        x: {
          type: 'linear',
          grid: { display: false },
          ticks: {
            maxRotation: 0,
            font: { size: FONT_PX },
            callback: (value) => content?.formatTime(Number(value)) ?? '',
          },
          afterBuildTicks: (axis) => {
            axis.ticks = timeTicks(axis.min, axis.max, content?.utcOffsetMin ?? 0, 4).map((value) => ({ value }));
          },
        },
        y: {
          type: 'linear',
          border: { display: false },
          grace: '8%',
          ticks: { maxTicksLimit: 4, font: { size: FONT_PX } },
        },
      },
    },
  });
  return {
    update(next) {
      content = next;
      // A new dataset each time: Chart.js keeps resolved colours of one it has seen.
      const accent = colour('--accent');
      const radius = next.points.length < SPARSE_BELOW ? 2 : 0;
      chart.data.datasets = [
        {
          data: next.points as { x: number; y: number }[],
          borderColor: accent,
          borderWidth: 1.6,
          backgroundColor: accent,
          pointBackgroundColor: accent,
          pointBorderColor: accent,
          pointRadius: radius,
          pointHitRadius: 8,
          fill: false,
        },
      ];
      const { x, y } = chart.options.scales as {
        x: { min: number; max: number; ticks: object };
        y: { grid: object; ticks: object; title: object };
      };
      x.min = next.fromMs;
      x.max = next.toMs;
      Object.assign(x.ticks, { color: colour('--quiet') });
      y.grid = { color: colour('--line') };
      Object.assign(y.ticks, { color: colour('--quiet') });
      y.title = { display: next.unit !== '', text: next.unit, color: colour('--quiet'), font: { size: FONT_PX } };
      chart.update('none');
    },
    destroy: () => chart.destroy(),
  };
}

function drawMarks(
  chart: Chart<'line'>,
  content: ChartContent,
  watch: string,
  text: string,
  ground: string,
  accent: string,
): void {
  const { ctx, chartArea, scales } = chart;
  ctx.save();
  ctx.strokeStyle = watch;
  ctx.fillStyle = watch;
  for (const event of content.events) {
    const x = scales.x!.getPixelForValue(event.ts);
    if (x < chartArea.left || x > chartArea.right) continue;
    ctx.globalAlpha = 0.7;
    ctx.fillRect(x - 0.5, chartArea.top, 1, chartArea.bottom - chartArea.top);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - 4, chartArea.top - 6);
    ctx.lineTo(x + 4, chartArea.top - 6);
    ctx.lineTo(x, chartArea.top);
    ctx.fill();
  }
  const last = content.points.findLast((point) => !Number.isNaN(point.y));
  if (last !== undefined) {
    const x = Math.min(chartArea.right, scales.x!.getPixelForValue(last.x));
    const y = scales.y!.getPixelForValue(last.y);
    ctx.beginPath();
    ctx.arc(x, y, 3, 0, 2 * Math.PI);
    ctx.fillStyle = accent;
    ctx.fill();
    const label = content.formatValue(last.y);
    ctx.font = `600 12px ${getComputedStyle(chart.canvas).fontFamily}`;
    ctx.textBaseline = 'middle';
    ctx.lineWidth = 3;
    ctx.strokeStyle = ground;
    ctx.strokeText(label, x + 6, y);
    ctx.fillStyle = text;
    ctx.fillText(label, x + 6, y);
  }
  ctx.restore();
}
