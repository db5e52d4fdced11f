// The right panel: what the current view or selection is about. On a phone it is a sheet from below with three heights.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import { heardAtMs, kinds, language, selection, stale, view, wallMs, type Selection } from '../session.ts';
import { formatDuration } from '../text/format.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { mapHandle } from '../map/handle.ts';
import { AlarmView } from './alarms.tsx';
import { Experiments } from './buses-experiments.tsx';
import { StopPanel } from './buses-stop.tsx';
import { BusesView } from './buses-view.tsx';
import { DevicePanel } from './device-panel.tsx';
import { KindPanel } from './kind-panel.tsx';
import { kindTitle } from './kind-title.ts';
import { Overview } from './overview.tsx';
import { Platform } from './platform.tsx';
import { ScenarioPanel } from './scenario-panel.tsx';

const SHEETS = ['low', 'half', 'high'] as const;
/** Share of a phone's screen under the sheet; above half the map is not looked at. */
const COVERED = { low: 0.175, half: 0.46, high: 0.46 } as const;
const DRAG_PX = 40;
const sheet = signal<(typeof SHEETS)[number]>('low');

export function Panel(): JSX.Element {
  const chosen = selection.value;
  const first = useRef(true);
  const box = useRef<HTMLElement>(null);
  const map = mapHandle.value;
  useEffect(() => {
    const phone = box.current !== null && getComputedStyle(box.current).position === 'fixed';
    if (phone) map?.cover(COVERED[sheet.value] * innerHeight);
  }, [map, sheet.value]);
  useEffect(() => {
    if (!first.current && sheet.peek() === 'low') sheet.value = 'half';
    first.current = false;
  }, [chosen, view.value]);
  return (
    <aside
      ref={box}
      class={`panel sheet-${sheet.value}${stale.value ? ' is-stale' : ''}`}
      data-testid="panel"
      aria-label={titleOf()}
    >
      <SheetHandle />
      {stale.value && (
        <p class="stale-note">
          {t('stale', { age: formatDuration((wallMs.value - heardAtMs.value) / 1000, language.value) })}
        </p>
      )}
      <div class="panel-scroll" tabIndex={0} role="group" aria-label={titleOf()}>
        {chosen === null ? (
          <>
            <h2 class="panel-title">{titleOf()}</h2>
            <ViewContent />
          </>
        ) : (
          <Chosen key={`${chosen.kind} ${chosen.device}`} chosen={chosen} />
        )}
      </div>
    </aside>
  );
}

function Chosen({ chosen }: { readonly chosen: Selection }): JSX.Element {
  return chosen.kind === 'stop' ? <StopPanel stop={chosen.device} /> : <DevicePanel chosen={chosen} />;
}

function titleOf(): string {
  const kind = kinds.value?.find((other) => other.kind === view.value);
  if (kind !== undefined) return kindTitle(kind);
  const known: readonly TextKey[] = ['overview', 'scenario', 'experiments', 'alarms', 'platform'];
  return known.includes(view.value as TextKey) ? t(view.value as TextKey) : view.value;
}

function ViewContent(): JSX.Element {
  if (view.value === 'platform') return <Platform />;
  if (view.value === 'alarms') return <AlarmView />;
  if (view.value === 'scenario') return <ScenarioPanel />;
  if (view.value === 'experiments') return <Experiments />;
  const kind = kinds.value?.find((other) => other.kind === view.value);
  if (kind?.kind === 'bus') return <BusesView kind={kind} />;
  if (kind !== undefined) return <KindPanel kind={kind} />;
  return view.value === 'overview' || kinds.value === null ? <Overview /> : <p class="empty">{t('noDevices')}</p>;
}

function SheetHandle(): JSX.Element {
  const startY = useRef(0);
  const move = (step: number): void => {
    const next = Math.min(SHEETS.length - 1, Math.max(0, SHEETS.indexOf(sheet.value) + step));
    sheet.value = SHEETS[next]!;
  };
  return (
    <button
      type="button"
      class="sheet-handle"
      aria-label={t('sheet')}
      onPointerDown={(event) => {
        startY.current = event.clientY;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={(event) => {
        const distance = startY.current - event.clientY;
        if (Math.abs(distance) > DRAG_PX) move(Math.sign(distance));
        else sheet.value = SHEETS[(SHEETS.indexOf(sheet.value) + 1) % SHEETS.length]!;
      }}
      onKeyDown={(event) => {
        if (event.key === 'ArrowUp') move(1);
        if (event.key === 'ArrowDown') move(-1);
      }}
    />
  );
}
