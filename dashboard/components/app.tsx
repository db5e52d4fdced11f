// The page's parts in their places, and the tools at the map's edge.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { followBuses } from '../buses/following.ts';
import { mapHandle } from '../map/handle.ts';
import { t } from '../i18n/text.ts';
import { view } from '../session.ts';
import { openInjection } from '../scenario/draft.ts';
import { AlarmSpeaker } from './alarms.tsx';
import { hasDock } from './buses-dock-frame.tsx';
import { Dock } from './buses-dock.tsx';
import { Icon } from './icons.tsx';
import { MapView } from './map-view.tsx';
import { LostBar, Overlays, overlay } from './overlays.tsx';
import { Panel } from './panel.tsx';
import { Rail } from './rail.tsx';
import { Notices } from './notices.tsx';
import { TimeStrip } from './time-strip.tsx';
import { TopBar } from './top-bar.tsx';

export function App(): JSX.Element {
  const buses = view.value === 'bus';
  useEffect(() => (buses ? followBuses() : undefined), [buses]);
  return (
    <div class="page">
      <TopBar />
      <LostBar />
      <Rail />
      <main class="centre">
        <MapView />
        <Notices />
        <div class="map-tools">
          <Tool icon="inject" label={`${t('injectEvent')} (E)`} onClick={openInjection} />
          <Tool icon="search" label={`${t('search')} (/)`} onClick={() => (overlay.value = 'search')} />
          <Tool icon="home" label={t('overview')} onClick={() => mapHandle.value?.overview()} />
          <Tool icon="help" label={`${t('keys')} (?)`} onClick={() => (overlay.value = 'keys')} />
        </div>
        {hasDock() ? <Dock /> : <TimeStrip />}
      </main>
      <Panel />
      <Overlays />
      <AlarmSpeaker />
    </div>
  );
}

interface ToolProps {
  readonly icon: 'inject' | 'search' | 'home' | 'help';
  readonly label: string;
  readonly onClick: () => void;
}

function Tool({ icon, label, onClick }: ToolProps): JSX.Element {
  return (
    <button type="button" class="tool" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} size={18} />
    </button>
  );
}
