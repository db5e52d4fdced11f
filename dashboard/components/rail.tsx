// One entry for each system that exists, with one live number. Kinds from outside appear by themselves.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { CENTRE } from '../buses/centre.ts';
import { fleets } from '../live/fleet.ts';
import { inRailOrder, kindColour, kindSign } from '../map/looks.ts';
import { css } from '../map/colour.ts';
import { verdictOf } from '../scenario/timeline.ts';
import { fleetStep, ingestState, kinds, language, openAlarms, rates, scenario, show, theme, view } from '../session.ts';
import { formatCount } from '../text/format.ts';
import { t } from '../i18n/text.ts';
import { Icon, type IconName } from './icons.tsx';
import { kindTitle } from './kind-title.ts';

interface Entry {
  readonly view: string;
  readonly icon: IconName;
  readonly title: string;
  readonly number: string;
  readonly colour?: string;
  readonly state?: 'good' | 'watch' | 'bad';
}

export function Rail(): JSX.Element {
  const open = useSignal(false);
  const rail = useRef<HTMLElement>(null);
  const known = kinds.value !== null;
  useEffect(() => {
    rail.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [view.value, known]);
  return (
    <nav ref={rail} class={open.value ? 'rail rail-open' : 'rail'} aria-label={t('menu')}>
      <button
        type="button"
        class="rail-menu"
        aria-expanded={open.value}
        aria-label={t('menu')}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="menu" />
      </button>
      {entries().map((entry) => (
        <button
          key={entry.view}
          type="button"
          class="rail-entry"
          data-view={entry.view}
          data-testid={`rail-${entry.view}`}
          aria-current={view.value === entry.view ? 'page' : undefined}
          title={entry.title}
          onClick={() => show(entry.view)}
        >
          <span class="rail-icon" style={entry.colour === undefined ? {} : { color: entry.colour }}>
            <Icon name={entry.icon} size={22} />
            {entry.state !== undefined && <i class={`state-dot state-${entry.state}`} />}
          </span>
          <span class="rail-title">{entry.title}</span>
          <span class="rail-number">{entry.number}</span>
        </button>
      ))}
    </nav>
  );
}

function entries(): Entry[] {
  void fleetStep.value;
  // The dispatch centre is part of the Buses view.
  const described = (kinds.value ?? []).filter(({ kind }) => kind !== CENTRE);
  const systems = inRailOrder(described).map((kind): Entry => {
    const count = Math.max(kind.devices ?? 0, fleets.get(kind.kind)?.ids.length ?? 0);
    const alarmed = openAlarms.value.some((alarm) => alarm.kind === kind.kind);
    return {
      view: kind.kind,
      icon: kindSign(kind.kind),
      title: kindTitle(kind),
      number: formatCount(count, language.value),
      colour: css(kindColour(kind.kind, theme.value)),
      state: alarmed ? 'watch' : 'good',
    };
  });
  const alarmCount = openAlarms.value.length;
  const rate = rates.value.at(-1)?.perS;
  return [
    { view: 'overview', icon: 'overview', title: t('overview'), number: '' },
    ...systems,
    scenarioEntry(),
    { view: 'experiments', icon: 'experiments', title: t('experiments'), number: '' },
    {
      view: 'alarms',
      icon: 'alarms',
      title: t('alarms'),
      number: String(alarmCount),
      state: alarmCount > 0 ? 'watch' : 'good',
    },
    {
      view: 'platform',
      icon: 'platform',
      title: t('platform'),
      number: rate === undefined ? '' : `${formatCount(rate, language.value)}/s`,
      state: ingestState.value.all,
    },
  ];
}

/** How many events happen now; the dot says how the expectations stand. */
function scenarioEntry(): Entry {
  const state = scenario.value;
  const happening = state?.timeline.filter((event) => event.state === 'happening').length;
  const verdict = verdictOf(state?.expectations ?? []);
  return {
    view: 'scenario',
    icon: 'scenario',
    title: t('scenario'),
    number: happening === undefined ? '' : String(happening),
    ...(verdict === undefined ? {} : { state: verdict }),
  };
}
