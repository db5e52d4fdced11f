// The headway strip as a table: every trip of the last hour, the newest first, with what the strip's colours say in numbers.
import type { JSX } from 'preact';
import { BUNCHED } from '../../telemetry/headways.ts';
import { newestHeadway, type Run } from '../buses/crossings.ts';
import { sides, shownLine, targetOf, type Side } from '../buses/state.ts';
import { t } from '../i18n/text.ts';
import { fleets } from '../live/fleet.ts';
import { clock, fleetStep, language, select, selection } from '../session.ts';
import { formatClock, formatDuration } from '../text/format.ts';

const HOUR_MS = 3_600_000;

export function BusesTable(): JSX.Element {
  void fleetStep.value;
  const fromMs = (clock.value?.simTimeMs ?? 0) - HOUR_MS;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={t('tableView')} data-testid="strip-table">
      <table class="wide-table">
        <thead>
          <tr>
            <th scope="col">{t('direction')}</th>
            <th scope="col">{t('bus_')}</th>
            <th scope="col">{t('trip')}</th>
            <th scope="col">{t('lastStop')}</th>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('headway')}</th>
            <th scope="col">{t('planned')}</th>
            <th scope="col">{t('delay')}</th>
            <th scope="col">{t('onBoard')}</th>
          </tr>
        </thead>
        <tbody>
          {sides.value.flatMap((side) =>
            side.runs
              .filter(({ trace }) => (trace.ts.at(-1) ?? 0) > fromMs)
              .sort((a, b) => (b.trace.ts[0] ?? 0) - (a.trace.ts[0] ?? 0))
              .map((run) => <Row key={`${run.trace.trip} ${run.trace.bus}`} side={side} run={run} />),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Row({ side, run }: { readonly side: Side; readonly run: Run }): JSX.Element {
  const { bus, trip } = run.trace;
  const newest = newestHeadway(run);
  const place = run.leftMs.findLastIndex((ms) => !Number.isNaN(ms));
  const targetS = targetOf(shownLine.value);
  const close = newest !== undefined && targetS !== undefined && newest.headwayS < BUNCHED * targetS;
  const fleet = fleets.get('bus');
  const fields = fleet?.fields[fleet.indexOf.get(bus) ?? -1];
  const now = fields?.trip === trip ? fields : {};
  const duration = (seconds: unknown): string =>
    typeof seconds === 'number' ? formatDuration(seconds, language.value) : '–';
  const offset = clock.value?.utcOffsetMin ?? 0;
  return (
    <tr class={selection.value?.device === bus ? 'row-chosen' : ''}>
      <td>{side.headsign}</td>
      <th scope="row">
        <button type="button" class="plain link" onClick={() => select('bus', bus)}>
          {bus}
        </button>
      </th>
      <td>{trip}</td>
      <td>{place === -1 ? '–' : side.stops[place]!.label}</td>
      <td>{place === -1 ? '–' : formatClock(run.leftMs[place]!, offset, language.value)}</td>
      <td class={close ? 'number-bad' : ''}>{duration(newest?.headwayS)}</td>
      <td>{duration(targetS)}</td>
      <td>{duration(now.delayS)}</td>
      <td>{typeof now.load === 'number' ? now.load : '–'}</td>
    </tr>
  );
}
