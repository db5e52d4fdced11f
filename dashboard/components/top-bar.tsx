// Name, simulated time, weather, pause and speed, connection, language, theme. It shows what the clock says.
import type { JSX } from 'preact';
import { access, logOut, wantsLogin } from '../access.ts';
import type { ClockMessage } from '../../telemetry/messages.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { city, clock, connection, language, themeChoice, type Connection } from '../session.ts';
import { formatClock, formatDate, formatNumber } from '../text/format.ts';
import type { ThemeChoice } from '../url-state.ts';
import { Icon, type IconName } from './icons.tsx';
import { TimeControls } from './time-controls.tsx';

export function TopBar(): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label={`citytwin ${city.value?.name[language.value] ?? ''}`}>
        <img src="/icon.svg" alt="" width={24} height={24} />
        <b>citytwin</b>
        <span class="brand-city">{city.value?.name[language.value]}</span>
      </a>
      <ClockFace clock={clock.value} />
      <Weather weather={clock.value?.weather} />
      <TimeControls />
      <span class="top-space" />
      <ConnectionState state={connection.value} />
      <span class="top-settings">
        <Who />
        <Settings />
      </span>
    </header>
  );
}

/** Who is logged in; nothing where nobody needs to be. */
export function Who(): JSX.Element | null {
  const { login, name, role } = access.value;
  if (login === 'possible') {
    return (
      <button type="button" class="plain" onClick={() => (wantsLogin.value = true)}>
        {t('logIn')}
      </button>
    );
  }
  if (login !== 'done' || role === undefined) return null;
  return (
    <>
      <span class="who" data-testid="who">
        {name} · {t(`role_${role}`)}
      </span>
      <button type="button" class="plain" onClick={() => void logOut()}>
        {t('logOut')}
      </button>
    </>
  );
}

/** Language and theme; on a phone they are in the list of keys. */
export function Settings(): JSX.Element {
  return (
    <>
      <button
        type="button"
        class="plain"
        onClick={() => (language.value = language.value === 'zh' ? 'en' : 'zh')}
        lang={language.value === 'zh' ? 'en' : 'zh-CN'}
        aria-label={`${t('language')}: ${language.value === 'zh' ? 'English' : '中文'}`}
      >
        {language.value === 'zh' ? 'EN' : '中文'}
      </button>
      <select
        class="theme-choice"
        aria-label={t('theme')}
        value={themeChoice.value}
        onChange={(event) => (themeChoice.value = event.currentTarget.value as ThemeChoice)}
      >
        <option value="auto">{t('themeAuto')}</option>
        <option value="dark">{t('themeDark')}</option>
        <option value="light">{t('themeLight')}</option>
      </select>
    </>
  );
}

function ClockFace({ clock }: { readonly clock: ClockMessage | null }): JSX.Element {
  if (clock === null) return <div class="clock skeleton" data-testid="clock" aria-label={t('loading')} />;
  const { simTimeMs, utcOffsetMin } = clock;
  return (
    <div class="clock" data-testid="clock">
      <span class="clock-date">{formatDate(simTimeMs, utcOffsetMin, language.value)}</span>
      <time dateTime={new Date(simTimeMs).toISOString()}>{formatClock(simTimeMs, utcOffsetMin, language.value)}</time>
    </div>
  );
}

function Weather({ weather }: { readonly weather: ClockMessage['weather'] }): JSX.Element | null {
  if (weather === undefined) return null;
  const { tempC, rainMmPerH, cloud, sunElevationDeg } = weather;
  const light: TextKey = sunElevationDeg > 0 ? 'day' : sunElevationDeg > -6 ? 'twilight' : 'night';
  const sky: TextKey = rainMmPerH > 0.1 ? 'rain' : cloud > 0.85 ? 'overcast' : cloud > 0.35 ? 'cloudy' : 'clear';
  const icon: IconName = sky === 'rain' ? 'rain' : sky !== 'clear' ? 'cloud' : light === 'night' ? 'moon' : 'sun';
  const rain = sky === 'rain' ? ` ${formatNumber(rainMmPerH, language.value)}\u2009mm/h` : '';
  return (
    <div class="weather">
      <Icon name={icon} />
      <b>{Math.round(tempC)}&thinsp;°C</b>
      <span class="quiet">
        {t(sky)}
        {rain} · {t(light)}
      </span>
    </div>
  );
}

const CONNECTION_TEXT: { readonly [state in Connection]: TextKey } = {
  connecting: 'connecting',
  live: 'live',
  lost: 'lost',
};

function ConnectionState({ state }: { readonly state: Connection }): JSX.Element {
  return (
    <span class={`connection connection-${state}`} data-testid="connection" data-state={state} role="status">
      <i class="state-shape" />
      {t(CONNECTION_TEXT[state])}
    </span>
  );
}
