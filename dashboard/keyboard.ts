// The keys. Every key has a visible control too; none acts while the reader types or a dialog is open.
import { acknowledgeNewest } from './components/alarms.tsx';
import { overlay } from './components/overlays.tsx';
import { togglePause } from './components/top-bar.tsx';
import { selection, view } from './session.ts';

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || overlay.value !== 'none' || isTyping(event.target)) return;
    if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
    const act = ACTIONS[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

const ACTIONS: { readonly [key: string]: () => void } = {
  ' ': togglePause,
  '/': () => (overlay.value = 'search'),
  '?': () => (overlay.value = 'keys'),
  a: acknowledgeNewest,
  A: acknowledgeNewest,
  Escape: () => {
    if (selection.value === null) view.value = 'overview';
    selection.value = null;
  },
};

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
