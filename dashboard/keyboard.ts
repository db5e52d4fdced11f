// The keys. Every key has a visible control too; none acts while the reader types or a dialog is open.
import { stepLine } from './buses/state.ts';
import { acknowledgeNewest } from './components/alarms.tsx';
import { overlay } from './components/overlays.tsx';
import { SPEED_KEYS } from './components/time-controls.tsx';
import { closeInjection, injecting, openInjection } from './scenario/draft.ts';
import { togglePause } from './scenario/steering.ts';
import { selection, view } from './session.ts';

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || overlay.value !== 'none' || isTyping(event.target)) return;
    if (event.key === ' ' && event.target instanceof HTMLElement && event.target.closest('button, summary')) return;
    // An open menu is closed by the browser.
    if (event.key === 'Escape' && document.querySelector(':popover-open') !== null) return;
    const act = ACTIONS[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

const ACTIONS: { readonly [key: string]: () => void } = {
  ...SPEED_KEYS,
  ' ': togglePause,
  '/': () => (overlay.value = 'search'),
  '?': () => (overlay.value = 'keys'),
  e: openInjection,
  E: openInjection,
  a: acknowledgeNewest,
  A: acknowledgeNewest,
  '[': () => view.value === 'bus' && stepLine(-1),
  ']': () => view.value === 'bus' && stepLine(1),
  Escape: () => {
    if (injecting.value) return closeInjection();
    if (selection.value === null) view.value = 'overview';
    selection.value = null;
  },
};

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'range';
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
