// The form in front of a city that asks who one is. It shows nothing of the city.
import { signal } from '@preact/signals';
import type { JSX, TargetedSubmitEvent } from 'preact';
import { access, logIn, wantsLogin } from '../access.ts';
import { t } from '../i18n/text.ts';
import { Settings } from './top-bar.tsx';

const problem = signal<string | null>(null);
const busy = signal(false);

async function submit(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  busy.value = true;
  problem.value = null;
  try {
    await logIn(form.get('name') as string, form.get('password') as string);
  } catch (error) {
    problem.value = (error as Error).message;
  } finally {
    busy.value = false;
  }
}

export function Login(): JSX.Element {
  return (
    <main class="login">
      <form class="login-card" onSubmit={(event) => void submit(event)} aria-label={t('logIn')}>
        <div class="login-head">
          <img src="/icon.svg" alt="" width={32} height={32} />
          <b>citytwin</b>
        </div>
        <label>
          {t('userName')}
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          {t('password')}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="login-problem" role="alert">
          {problem.value}
        </p>
        <div class="login-actions">
          <button type="submit" class="primary" disabled={busy.value}>
            {t('logIn')}
          </button>
          {access.value.login === 'possible' && (
            <button type="button" onClick={() => (wantsLogin.value = false)}>
              {t('cancel')}
            </button>
          )}
        </div>
        <div class="login-settings">
          <Settings />
        </div>
      </form>
    </main>
  );
}
