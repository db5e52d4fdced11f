// Pause and speed: what was asked for, what is true, and every speed from a tenth to as fast as possible.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t } from '../i18n/text.ts';
import { SPEED_STEPS, fallsBehind, formatSpeed, sliderOf, speedAtSlider, type Speed } from '../scenario/speed.ts';
import { requestedSpeed, setSpeed, shiftSpeed, steeringProblem, togglePause } from '../scenario/steering.ts';
import { clock, language } from '../session.ts';
import { Icon } from './icons.tsx';

/** Beside the pause button where there is room. */
const QUICK: readonly Speed[] = [1, 10, 60, 600];
const MENU = 'speed-menu';
const GAP_PX = 6;

export function TimeControls(): JSX.Element {
  const paused = clock.value?.speed === 0;
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
      {QUICK.map((speed) => (
        <SpeedButton key={speed} speed={speed} quick />
      ))}
      <SpeedFace />
      {steeringProblem.value !== null && (
        <span class="problem" role="alert">
          {steeringProblem.value}
        </span>
      )}
    </div>
  );
}

function nameOf(speed: Speed): string {
  return speed === 'max' ? t('asFastAsPossible') : formatSpeed(speed, language.value);
}

function SpeedButton({ speed, quick = false }: { readonly speed: Speed; readonly quick?: boolean }): JSX.Element {
  return (
    <button
      type="button"
      class={quick ? 'speed quick' : 'speed'}
      data-testid={quick ? `quick-${speed}` : `speed-${speed}`}
      aria-pressed={clock.value?.speed === speed}
      onClick={() => setSpeed(speed)}
    >
      {speed === 'max' ? t('maxSpeed') : formatSpeed(speed, language.value)}
    </button>
  );
}

/** Requested over true speed; opens the menu. */
function SpeedFace(): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const message = clock.value;
  const paused = message?.speed === 0;
  const behind = message !== null && fallsBehind(message);
  const asked = paused ? t('paused') : nameOf(requestedSpeed());
  const measured = message === null ? '–' : formatSpeed(paused ? 0 : message.trueSpeed, language.value);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={behind ? 'speed-face behind' : 'speed-face'}
        data-testid="speed-face"
        popovertarget={MENU}
        title={t('speedKeys')}
        aria-label={`${t('speed')}: ${asked}, ${t('trueSpeed')} ${measured}`}
      >
        <b>{paused ? t('paused') : requestedSpeed() === 'max' ? t('maxSpeed') : asked} ▾</b>
        <small>
          {behind ? '▼ ' : ''}
          {t('truly', { speed: measured })}
        </small>
      </button>
      <SpeedMenu anchor={() => button.current} behind={behind} />
    </>
  );
}

interface MenuProps {
  readonly anchor: () => HTMLElement | null;
  readonly behind: boolean;
}

function SpeedMenu({ anchor, behind }: MenuProps): JSX.Element {
  const menu = useRef<HTMLDivElement>(null);
  const place = (): void => {
    const at = anchor()?.getBoundingClientRect();
    if (at === undefined || menu.current === null) return;
    const left = Math.max(GAP_PX, Math.min(at.left, innerWidth - menu.current.offsetWidth - GAP_PX));
    menu.current.style.left = `${left}px`;
    menu.current.style.top = `${at.bottom + GAP_PX}px`;
  };
  return (
    <div ref={menu} id={MENU} class="speed-menu" popover="auto" data-testid="speed-menu" onToggle={place}>
      <div class="speed-steps">
        {SPEED_STEPS.map((speed) => (
          <SpeedButton key={speed} speed={speed} />
        ))}
      </div>
      <SpeedSlider />
      <p class={behind ? 'behind-note' : 'quiet'}>{t(behind ? 'fallsBehind' : 'speedMeaning')}</p>
      <p class="quiet keys-note">
        <kbd>Space</kbd> {t('keyPause')} · <kbd>,</kbd> {t('slower')} · <kbd>.</kbd> {t('faster')} · <kbd>1</kbd>{' '}
        {t('realTime')}
      </p>
    </div>
  );
}

function SpeedSlider(): JSX.Element {
  const dragged = useSignal<number | null>(null);
  const asked = requestedSpeed();
  const shown = dragged.value === null ? asked : speedAtSlider(dragged.value);
  return (
    <label class="speed-slider">
      <span class="quiet">{t('anySpeed')}</span> <b>{nameOf(shown)}</b>
      <input
        type="range"
        min={0}
        max={100}
        data-testid="speed-slider"
        value={dragged.value ?? sliderOf(asked)}
        aria-valuetext={nameOf(shown)}
        onInput={(event) => (dragged.value = Number(event.currentTarget.value))}
        onChange={(event) => {
          dragged.value = null;
          setSpeed(speedAtSlider(Number(event.currentTarget.value)));
        }}
      />
    </label>
  );
}

export const SPEED_KEYS: { readonly [key: string]: () => void } = {
  ',': () => shiftSpeed(-1),
  '.': () => shiftSpeed(1),
  '1': () => setSpeed(1),
};
