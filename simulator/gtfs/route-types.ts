// Which routes are buses: the basic types of GTFS and Google's extended ones, as numbers in routes.txt.

const BASIC: { readonly [type: number]: string } = {
  0: 'tram',
  1: 'metro',
  2: 'rail',
  4: 'ferry',
  5: 'cable tram',
  6: 'cable car',
  7: 'funicular',
  12: 'monorail',
};
const BUS = 3;
const TROLLEYBUS = 11;

/** Extended types by their hundreds. */
const EXTENDED: { readonly [hundred: number]: string } = {
  1: 'rail',
  2: 'coach',
  4: 'metro',
  5: 'metro',
  6: 'metro',
  9: 'tram',
  10: 'water transport',
  11: 'air',
  12: 'ferry',
  13: 'cable car',
  14: 'funicular',
  15: 'taxi',
};
const BUS_HUNDRED = 7;
const TROLLEYBUS_HUNDRED = 8;

/** Buses and trolleybuses. Coaches (200–299) are none: they leave the city. */
export function isBusLike(type: number): boolean {
  const hundred = Math.floor(type / 100);
  return type === BUS || type === TROLLEYBUS || hundred === BUS_HUNDRED || hundred === TROLLEYBUS_HUNDRED;
}

/** What a route that is no bus is called, for those who ask why it is missing. */
export function modeOf(type: number): string {
  return BASIC[type] ?? EXTENDED[Math.floor(type / 100)] ?? `type ${type}`;
}
