// How full the journal is: what was acknowledged stands in it until the store has it, and nothing more is acknowledged when it is full.
import type { JSX } from 'preact';
import type { HealthAnswer } from '../answers.ts';
import { t } from '../i18n/text.ts';
import { language } from '../session.ts';
import { formatNumber, formatWhole } from '../text/format.ts';

const STATES = { ok: 'good', degraded: 'watch', full: 'bad' } as const;

/** null: the store is in memory, there is none. */
export function JournalLevel({ journal }: { readonly journal: HealthAnswer['journal'] | null }): JSX.Element | null {
  if (!journal) return null;
  const { level, bytes, maxBytes, lostEntries } = journal;
  const mb = (value: number): string => `${formatNumber(value / 1e6, language.value)} MB`;
  return (
    <section data-testid="journal" data-level={level}>
      <h3>{t('journal')}</h3>
      <p class="caption quiet">{t('journalWhat')}</p>
      <meter
        class={`journal-meter journal-meter-${STATES[level]}`}
        min={0}
        max={maxBytes}
        value={bytes}
        aria-label={t('journal')}
      />
      <p class={`number-${STATES[level]}`}>
        {t('journalUsed', { used: mb(bytes), max: mb(maxBytes) })}
        {level !== 'ok' && ` · ${t(`journal_${level}`)}`}
      </p>
      {lostEntries > 0 && (
        <p class="problem" role="alert">
          {t('journalLost', { n: formatWhole(lostEntries, language.value) })}
        </p>
      )}
    </section>
  );
}
