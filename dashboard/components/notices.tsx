// What lies over the map for as long as it is true: the past is being filled in, the map waits for a click.
import type { JSX } from 'preact';
import { closeInjection, previewCircle, takesPlace } from '../scenario/draft.ts';
import { backfillOf, type Backfill } from '../scenario/backfill.ts';
import { clock, language, scenario } from '../session.ts';
import { formatClock, formatDate } from '../text/format.ts';
import { t } from '../i18n/text.ts';
import { Icon } from './icons.tsx';

export function Notices(): JSX.Element {
  const backfill = backfillOf(scenario.value, clock.value);
  return (
    <div class="notices">
      {backfill !== undefined && <BackfillNotice backfill={backfill} />}
      {takesPlace.value && previewCircle.value === undefined && (
        <div class="notice placing" role="status" data-testid="placing">
          <Icon name="inject" size={18} />
          <span>{t('clickTheMap')}</span>
          <button
            type="button"
            class="plain"
            aria-label={t('close')}
            title={`${t('close')} (Esc)`}
            onClick={closeInjection}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}

function BackfillNotice({ backfill: { fromMs, toMs, atMs, share } }: { readonly backfill: Backfill }): JSX.Element {
  const offset = clock.value?.utcOffsetMin ?? 0;
  const at = (ms: number): string =>
    `${formatDate(ms, offset, language.value)} ${formatClock(ms, offset, language.value, false)}`;
  const percent = share === undefined ? undefined : Math.floor(100 * share);
  return (
    <div class="notice backfill" data-testid="backfill">
      <div class="backfill-head">
        <b>{t('backfill')}</b>
        {percent !== undefined && <b>{`${percent}\u2009%`}</b>}
      </div>
      <div
        class="progress"
        role="progressbar"
        aria-label={t('backfill')}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent === undefined ? {} : { 'aria-valuenow': percent })}
      >
        <i style={{ width: `${100 * (share ?? 0)}%` }} />
      </div>
      <div class="backfill-ends">
        <span>{at(fromMs)}</span>
        <b>{at(atMs)}</b>
        <span>{toMs === undefined ? '' : at(toMs)}</span>
      </div>
      <p class="quiet">{t('backfillMeaning')}</p>
    </div>
  );
}
