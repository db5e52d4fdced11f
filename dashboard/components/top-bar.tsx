// Name, simulated time, weather, pause and speed, connection, language, theme. It sends scenario commands and shows what the clock says.
import type { JSX } from 'preact';
import { signal } from '@preact/signals';
import type { ClockMessage } from '../../telemetry/messages.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { postJson } from '../rest.ts';
import { city, clock, connection, language, themeChoice, type Connection } from '../session.ts';
import { formatClock, formatDate, formatNumber } from '../text/format.ts';
import type { ThemeChoice } from '../url-state.ts';
import { Icon, type IconName } from './icons.tsx';

const SPEEDS = [1, 10, 60, 600] as const;
/** What went wrong with the newest scenario command, in the server's words. */
const scenarioProblem = signal<string | null>(null);

/** What runs again after a pause. */
let speedBeforePause: ClockMessage['speed'] = 1;

async function sendScenario(name: 'pause' | 'resume' | 'speed', args: { readonly speed?: number } = {}): Promise<void> {
  try {
    await postJson('/api/scenario', { name, args });
    scenarioProblem.value = null;
    showSpeed(name === 'pause' ? 0 : (args.speed ?? speedBeforePause));
  } catch (error) {
    scenarioProblem.value = (error as Error).message;
  }
}

/** The command is done: shows it before the next clock message says so, so that a second key press means the opposite. */
function showSpeed(speed: ClockMessage['speed']): void {
  if (clock.value === null || clock.value === undefined) return;
  if (speed === 0 && clock.value.speed !== 0) speedBeforePause = clock.value.speed;
  clock.value = { ...clock.value, speed };
}

export function togglePause(): void {
  void sendScenario(clock.value?.speed === 0 ? 'resume' : 'pause');
}

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
      <TimeControls clock={clock.value} />
      <span class="top-space" />
      <ConnectionState state={connection.value} />
      <span class="top-settings">
        <Settings />
      </span>
    </header>
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

function TimeControls({ clock }: { readonly clock: ClockMessage | null }): JSX.Element {
  const paused = clock?.speed === 0;
  return (
    <div class="time-controls" role="group" aria-label={t('speed')}>
      <button
        type="button"
        class="pause"
        data-testid="pause"
        onClick={togglePause}
        aria-label={paused ? t('resume') : t('pause')}
        title={`${paused ? t('resume') : t('pause')} (Space)`}
      >
        <Icon name={paused ? 'play' : 'pause'} size={18} />
      </button>
      {SPEEDS.map((speed) => (
        <button
          key={speed}
          type="button"
          class="speed"
          aria-pressed={clock?.speed === speed}
          onClick={() => void sendScenario('speed', { speed })}
        >
          {speed}×
        </button>
      ))}
      {scenarioProblem.value !== null && (
        <span class="problem" role="alert">
          {scenarioProblem.value}
        </span>
      )}
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
