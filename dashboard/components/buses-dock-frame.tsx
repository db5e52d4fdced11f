// The frame of a wide area over the map's lower part: folded, half or tall. The map keeps its middle in what is left.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import { dockSize, type DockSize } from '../buses/state.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { mapHandle } from '../map/handle.ts';
import { view } from '../session.ts';
import { Icon } from './icons.tsx';

const phoneQuery = matchMedia('(max-width: 720px)');
/** True while the panel is a sheet and the map has no room for a dock. */
export const isPhone = signal(phoneQuery.matches);
phoneQuery.addEventListener('change', () => (isPhone.value = phoneQuery.matches));

export function hasDock(): boolean {
  return !isPhone.value && (view.value === 'bus' || view.value === 'experiments');
}

const NEXT: { readonly [size in DockSize]: readonly [DockSize, TextKey, 'up' | 'down'] } = {
  closed: ['half', 'dockOpen', 'up'],
  half: ['tall', 'dockTall', 'up'],
  tall: ['half', 'dockHalf', 'down'],
};

interface FrameProps {
  readonly label: string;
  readonly head: ComponentChildren;
  readonly children: ComponentChildren;
}

export function DockFrame({ label, head, children }: FrameProps): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const map = mapHandle.value;
  const size = dockSize.value;
  useEffect(() => {
    map?.cover(box.current?.offsetHeight ?? 0);
    return () => map?.cover(0);
  }, [map, size]);
  const [next, label2, icon] = NEXT[size];
  return (
    <section ref={box} class={`dock dock-${size}`} aria-label={label} data-testid="dock">
      <header class="dock-head">
        {head}
        <span class="dock-buttons">
          <button
            type="button"
            class="plain"
            aria-label={t(label2)}
            title={t(label2)}
            onClick={() => (dockSize.value = next)}
          >
            <Icon name={icon} size={16} />
          </button>
          {size !== 'closed' && (
            <button
              type="button"
              class="plain"
              aria-label={t('dockClose')}
              title={t('dockClose')}
              onClick={() => (dockSize.value = 'closed')}
            >
              <Icon name="close" size={16} />
            </button>
          )}
        </span>
      </header>
      {size !== 'closed' && <div class="dock-body">{children}</div>}
    </section>
  );
}
