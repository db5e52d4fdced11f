// What lies over the page for a moment: the bar of a lost connection, device search, the list of keys.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signal, useSignal } from '@preact/signals';
import { fleets } from '../live/fleet.ts';
import { connection, heardAtMs, kinds, language, select, wallMs } from '../session.ts';
import { formatDuration } from '../text/format.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { Icon } from './icons.tsx';
import { kindTitle } from './kind-title.ts';
import { Settings, Who } from './top-bar.tsx';

const MATCHES_SHOWN = 12;
export const overlay = signal<'none' | 'search' | 'keys'>('none');

const KEYS: readonly (readonly [key: string, text: TextKey])[] = [
  ['Space', 'keyPause'],
  [', .', 'keySpeed'],
  ['1', 'keyRealTime'],
  ['E', 'keyInject'],
  ['/', 'keySearch'],
  ['[ ]', 'keyLine'],
  ['A', 'keyAck'],
  ['Esc', 'keyClose'],
  ['?', 'keyHelp'],
  ['← ↑ ↓ → + −', 'keyMap'],
];

export function LostBar(): JSX.Element | null {
  if (connection.value !== 'lost') return null;
  const age = formatDuration(Math.max(0, wallMs.value - heardAtMs.value) / 1000, language.value);
  return (
    <div class="lost-bar" role="status">
      {t('lostBar', { age })}
    </div>
  );
}

export function Overlays(): JSX.Element | null {
  if (overlay.value === 'search') return <Search />;
  return overlay.value === 'keys' ? <KeyList /> : null;
}

function Dialog({
  label,
  children,
}: {
  readonly label: string;
  readonly children: JSX.Element | JSX.Element[];
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={label} onClose={() => (overlay.value = 'none')}>
      <button type="button" class="plain dialog-close" aria-label={t('close')} onClick={() => (overlay.value = 'none')}>
        <Icon name="close" size={18} />
      </button>
      {children}
    </dialog>
  );
}

function Search(): JSX.Element {
  const query = useSignal('');
  const found = query.value === '' ? [] : matches(query.value.toLowerCase());
  const open = (kind: string, device: string): void => {
    overlay.value = 'none';
    select(kind, device);
  };
  return (
    <Dialog label={t('search')}>
      <form
        method="dialog"
        onSubmit={() => {
          if (found[0] !== undefined) open(found[0].kind, found[0].device);
        }}
      >
        <input
          type="search"
          autofocus
          placeholder={t('search')}
          aria-label={t('search')}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </form>
      <ul class="devices">
        {found.map(({ kind, device, title }) => (
          <li key={`${kind} ${device}`}>
            <button type="button" onClick={() => open(kind, device)}>
              <span>{device}</span>
              <span class="quiet">{title}</span>
            </button>
          </li>
        ))}
        {query.value !== '' && found.length === 0 && <li class="empty">{t('noMatch')}</li>}
      </ul>
    </Dialog>
  );
}

function matches(wanted: string): { kind: string; device: string; title: string }[] {
  const found: { kind: string; device: string; title: string }[] = [];
  for (const kind of kinds.value ?? []) {
    for (const device of fleets.get(kind.kind)?.ids ?? []) {
      if (!device.toLowerCase().includes(wanted)) continue;
      found.push({ kind: kind.kind, device, title: kindTitle(kind) });
      if (found.length >= MATCHES_SHOWN) return found;
    }
  }
  return found;
}

function KeyList(): JSX.Element {
  return (
    <Dialog label={t('keys')}>
      <h2>{t('keys')}</h2>
      <dl class="keys">
        {KEYS.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
      <div class="settings">
        <Who />
        <Settings />
      </div>
    </Dialog>
  );
}
