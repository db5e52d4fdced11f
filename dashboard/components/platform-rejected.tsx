// What was rejected and why: by cause, the newest of it, all of it as a file, and another try after a fix for those who may.
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import { access } from '../access.ts';
import type { RejectedAnswer } from '../answers.ts';
import { t } from '../i18n/text.ts';
import { postJson } from '../rest.ts';
import { clock, language, timeOf } from '../session.ts';
import { formatClock, formatWhole } from '../text/format.ts';

const NEWEST_SHOWN = 5;
const PAYLOAD_SHOWN = 160;

/** kept: whole, on disk. */
export function Rejected({
  answer,
  kept,
}: {
  readonly answer: RejectedAnswer | null;
  readonly kept: boolean;
}): JSX.Element | null {
  if (answer === null) return null;
  const causes = Object.entries(answer.byCause).sort((a, b) => b[1] - a[1]);
  return (
    <section data-testid="rejected">
      <h3>{t('rejectedTitle')}</h3>
      {causes.length === 0 && <p class="empty">{t('nothingRejected')}</p>}
      <table class="values">
        <tbody>
          {causes.map(([cause, count]) => (
            <tr key={cause}>
              <th scope="row">{cause}</th>
              <td>{formatWhole(count, language.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {kept && causes.length > 0 && access.value.role === 'admin' && <Kept />}
      <Newest items={answer.items} />
    </section>
  );
}

function Kept(): JSX.Element {
  const said = useSignal('');
  const problem = useSignal('');
  const replay = async (): Promise<void> => {
    said.value = problem.value = '';
    try {
      const { replayed } = await postJson<{ replayed: number }>('/api/rejected/replay', {});
      said.value = t('replayed', { n: formatWhole(replayed, language.value) });
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  return (
    <>
      <div class="kept">
        <a class="small" href="/api/rejected/export" download="rejected.ndjson">
          {t('exportRejected')}
        </a>
        <button type="button" class="small" title={t('replayHint')} onClick={() => void replay()}>
          {t('replayRejected')}
        </button>
      </div>
      {said.value !== '' && <p role="status">{said.value}</p>}
      {problem.value !== '' && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </>
  );
}

function Newest({ items }: { readonly items: RejectedAnswer['items'] }): JSX.Element | null {
  if (items.length === 0) return null;
  const offset = clock.value?.utcOffsetMin ?? 0;
  return (
    <>
      <h4>{t('newest')}</h4>
      <ul class="rejected">
        {items.slice(0, NEWEST_SHOWN).map((item, index) => (
          <li key={index}>
            <b>{item.cause}</b> <time class="quiet">{formatClock(timeOf(item.at), offset, language.value)}</time>
            <code>{item.topic}</code>
            {item.payload !== undefined && <code class="quiet">{item.payload.slice(0, PAYLOAD_SHOWN)}</code>}
          </li>
        ))}
      </ul>
    </>
  );
}
