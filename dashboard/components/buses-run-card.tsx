// The card about the trip under the pointer of the headway strip.
import type { JSX } from 'preact';
import { newestHeadway, type Run } from '../buses/crossings.ts';
import { shownLine, targetOf, type Side } from '../buses/state.ts';
import { shortBus } from '../buses/words.ts';
import { t } from '../i18n/text.ts';
import { fleets } from '../live/fleet.ts';
import { clock, language } from '../session.ts';
import { formatClock, formatDuration } from '../text/format.ts';

export function RunCard({
  run,
  side,
  x,
  y,
  width,
}: {
  readonly run: Run;
  readonly side: Side;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}): JSX.Element {
  // The runs are worked out anew every second; the trip stays.
  const now = side.runs.find(({ trace }) => trace.trip === run.trace.trip && trace.bus === run.trace.bus) ?? run;
  const newest = newestHeadway(now);
  const leader = newest === undefined ? undefined : side.runs[now.leader[newest.place]!]?.trace.bus;
  const fleet = fleets.get('bus');
  const fields = fleet?.fields[fleet.indexOf.get(now.trace.bus) ?? -1];
  const underWay = fields?.trip === now.trace.trip;
  const targetS = targetOf(shownLine.value);
  const duration = (seconds: number): string => formatDuration(seconds, language.value);
  const place = {
    top: `${y + 12}px`,
    ...(x > width - 210 ? { right: `${width - x + 10}px` } : { left: `${x + 14}px` }),
  };
  return (
    <div class="hover-card strip-card" style={place}>
      <strong>{now.trace.bus}</strong>
      <span class="quiet">{t('tripN', { trip: now.trace.trip })}</span>
      {newest !== undefined && leader !== undefined && (
        <span>
          {t('headwayOf', { headway: duration(newest.headwayS), leader: shortBus(leader) })}
          {targetS !== undefined && ` · ${t('plannedS', { headway: duration(targetS) })}`}
        </span>
      )}
      {newest !== undefined && (
        <span class="quiet">
          {t('leftAt', {
            stop: side.stops[newest.place]!.label,
            time: formatClock(now.leftMs[newest.place]!, clock.value?.utcOffsetMin ?? 0, language.value, false),
          })}
        </span>
      )}
      {underWay && typeof fields.delayS === 'number' && (
        <span>{t(fields.delayS < 0 ? 'earlyOf' : 'delayOf', { delay: duration(Math.abs(fields.delayS)) })}</span>
      )}
    </div>
  );
}
