// The run at a glance: events as blocks, the present as a line. The lists below it say the same in words.
import type { JSX } from 'preact';
import type { ScenarioEventState, ScenarioState } from '../../telemetry/messages.ts';
import { timeTicks } from '../chart/series.ts';
import { t } from '../i18n/text.ts';
import { blocksOf, shareAt, stretchOf, type Block } from '../scenario/timeline.ts';
import { eventDetail, eventIcon, eventTitle } from '../scenario/words.ts';
import { language } from '../session.ts';
import { formatClock } from '../text/format.ts';
import { Icon } from './icons.tsx';

const ROW_PX = 22;
const TICKS = 5;
/** Nearer to an end of the bar the label of now would be cut. */
const EDGE = 0.08;

interface RunBarProps {
  readonly state: ScenarioState;
  readonly nowMs: number;
  readonly utcOffsetMin: number;
  readonly onPoint: (event: ScenarioEventState | null) => void;
}

export function RunBar({ state, nowMs, utcOffsetMin, onPoint }: RunBarProps): JSX.Element {
  const stretch = stretchOf(state, nowMs);
  const blocks = blocksOf(state.timeline, stretch);
  const rows = 1 + Math.max(0, ...blocks.map(({ row }) => row));
  const now = shareAt(stretch, nowMs);
  const time = formatClock(nowMs, utcOffsetMin, language.value, false);
  const count = (wanted: string): number => state.timeline.filter((event) => event.state === wanted).length;
  const spoken = t('runBarName', {
    time,
    happening: count('happening'),
    scheduled: count('scheduled'),
    over: count('over'),
  });
  const edge = now < EDGE ? ' now-start' : now > 1 - EDGE ? ' now-end' : '';
  return (
    <div class="run-bar" role="img" aria-label={spoken} data-testid="run-bar">
      <div class="run-rows" style={{ height: `${rows * ROW_PX + 8}px` }}>
        <div class="run-past" style={{ width: `${100 * now}%` }} />
        {blocks.map((block) => (
          <BlockMark key={block.event.id} block={block} onPoint={onPoint} />
        ))}
        <div class={`run-now${edge}`} style={{ left: `${100 * now}%` }}>
          <b>{time}</b>
        </div>
      </div>
      <div class="run-axis">
        {timeTicks(stretch.fromMs, stretch.toMs, utcOffsetMin, TICKS).map((tick) => {
          const at = shareAt(stretch, tick);
          // A label that would be cut at an end is left out; its line stays.
          return (
            <i key={tick} style={{ left: `${100 * at}%` }}>
              {at > 0.05 && at < 0.95 ? formatClock(tick, utcOffsetMin, language.value, false) : ''}
            </i>
          );
        })}
      </div>
    </div>
  );
}

function BlockMark({
  block,
  onPoint,
}: {
  readonly block: Block;
  readonly onPoint: RunBarProps['onPoint'];
}): JSX.Element {
  const { event, row, left, width } = block;
  const place = { left: `${100 * left}%`, width: `${100 * width}%`, top: `${row * ROW_PX + 4}px` };
  const open = event.untilMs === undefined ? ' block-open' : '';
  return (
    <div
      class={`block block-${event.state}${open}`}
      data-testid={`block-${event.id}`}
      style={place}
      title={`${eventTitle(event.event)}: ${eventDetail(event)}`}
      onPointerEnter={() => onPoint(event)}
      onPointerLeave={() => onPoint(null)}
    >
      <Icon name={eventIcon(event.event)} size={14} />
    </div>
  );
}
