// The page's line icons, drawn for it: 24 px grid, one stroke width, colour of the text around them.
import type { JSX } from 'preact';

const PATHS = {
  overview: 'M4 4h7v9H4zM13 4h7v5h-7zM13 12h7v8h-7zM4 16h7v4H4z',
  bus: 'M5 6a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v11H5zM5 11h14M7 17v3M17 17v3M8.5 14h.01M15.5 14h.01',
  vehicle: 'M4 16v-4l2.5-6h11L20 12v4zM4 12h16M6 16v3M18 16v3M8 14h.01M16 14h.01',
  parking: 'M4 4h16v16H4zM9 17V7h4a3 3 0 0 1 0 6H9',
  meter: 'M12 21a7 7 0 0 1-7-7c0-4 7-11 7-11s7 7 7 11a7 7 0 0 1-7 7zM9 14a3 3 0 0 0 3 3',
  electricity: 'M13 3L5 14h6l-1 7 8-11h-6z',
  gas: 'M12 21a6 6 0 0 1-6-6c0-3.2 2.6-4.8 3.4-7.6.5 1.6 1.6 2.2 2 3.6C13.2 9 13.4 6 12 3c4 2 6 6.4 6 12a6 6 0 0 1-6 6zM12 21a2.8 2.8 0 0 1-1.4-5',
  weather: 'M10 14V5a2 2 0 1 1 4 0v9a4 4 0 1 1-4 0zM12 9v9M17 6h3M17 10h3',
  other: 'M12 4v4M12 16v4M4 12h4M16 12h4M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  alarms: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  platform: 'M4 5h6v5H4zM14 14h6v5h-6zM7 10v6.5h7M10 7.5h7V14',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4 4',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  menu: 'M4 7h16M4 12h16M4 17h16',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18h.01',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19',
  moon: 'M19 14.5A8 8 0 1 1 9.5 5a6.5 6.5 0 0 0 9.5 9.5z',
  cloud: 'M7 18a4 4 0 0 1-.6-7.95A6 6 0 0 1 18 10.6 3.8 3.8 0 0 1 17.5 18z',
  rain: 'M7 14a4 4 0 0 1-.6-7.95A6 6 0 0 1 18 6.6 3.8 3.8 0 0 1 17.5 14M8 17l-1 3M12.5 17l-1 3M17 17l-1 3',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  scenario: 'M4 6h9M4 12h5M4 18h9M17 4v16M13.5 8.5L17 12l3.5-3.5',
  experiments: 'M9 4h6M10 4v6l-5 8a1.4 1.4 0 0 0 1.2 2h11.6a1.4 1.4 0 0 0 1.2-2l-5-8V4M7.6 15h8.8',
  event: 'M12 3l2.6 5.9 6.4.6-4.8 4.3 1.4 6.3L12 16.8 6.4 20.1l1.4-6.3L3 9.5l6.4-.6z',
  inject: 'M12 21s7-6.1 7-11a7 7 0 1 0-14 0c0 4.9 7 11 7 11zM12 7v6M9 10h6',
  closed: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM8 12h8',
  power: 'M13 3L5 14h6l-1 7 8-11h-6z',
  network: 'M4 9a12 12 0 0 1 16 0M7 12.5a7.5 7.5 0 0 1 10 0M12 17h.01M4 4l16 16',
  people: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19a6 6 0 0 1 12 0M16 11a3 3 0 0 0 0-6M17.5 14a6 6 0 0 1 3.5 5',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
  fault: 'M4 14h3l2-7 3 11 3-8 1.5 4H20',
  command: 'M4 12h13M12 6l6 6-6 6',
  faster: 'M5 6l7 6-7 6zM13 6l7 6-7 6z',
  home: 'M4 11l8-7 8 7M6 10v10h12V10',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
