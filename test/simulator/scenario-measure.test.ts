// The grammar of what is measured: what it accepts, and where it says a mistake is.
import { expect, test } from 'vitest';
import { checkMeasure } from '../../simulator/scenario/measure-check.ts';
import { MeasureError, PLATFORM_MEASURES, parseMeasure, platformMeasure } from '../../simulator/scenario/measure.ts';
import { models } from './scenario-models.ts';

const context = {
  models,
  fleets: { bus: 120, 'water-meter': 10 },
  entries: [{ id: 'rain' }, { id: 'breakdown', target: { kind: 'bus' } }],
};
const check = (of: string) => checkMeasure(parseMeasure(of), context);

test.each([
  'mean(bus.speedMps)',
  ' p95( bus . speedMps ) ',
  'cv(bus.speedMps where status = inTransitTo)',
  'mean(bus.speedMps where line = 608 and load >= 40 and doorOpen = false)',
  'mean(bus.speedMps where line = "K 1")',
  "last(bus.load where line != 'x')",
  'count(bus)',
  'count(bus where load == 0)',
  'count(bus.breakdown)',
  'share(bus.doorOpen = true)',
  'share(water-meter.tempC < -0.5)',
  'active(bus.breakdown)',
  'devices(water-meter)',
  'share(bus.breakdown within 5s of rain)',
  'share(bus.breakdown within 1.5h of breakdown)',
  'delay(bus.breakdown after breakdown)',
  'platform.storedLatencyMs.p99',
])('%s can be measured', (of) => {
  expect(check(of)).toBeUndefined();
});

test.each([
  ['', '|', /^expected a measure such as/],
  ['men(bus.speedMps)', '|men', /did you mean mean/],
  ['mean bus.speedMps', '|bus', /^expected \( here, got bus/],
  ['mean(bus)', '|)', /^expected \. here/],
  ['mean(bus.speedMps', '|', /^expected \) here, got the end/],
  ['mean(bus.speedMps) now', '|now', /^expected nothing more/],
  ['mean(bus.speedMps where)', '|)', /^expected a field/],
  ['mean(bus.speedMps where load)', '|)', /^expected one of = != < <= > >= after load/],
  ['mean(bus.speedMps where load > )', '|)', /^expected a value/],
  ['mean(bus.speedMps & 1)', '|&', /^cannot read this/],
  ['mean(tram.speedMps)', '|tram', /^unknown kind "tram"/],
  ['mean(gas-meter.flowM3PerH)', '|gas-meter', 'the scenario has no gas-meter'],
  ['mean(bus.speed)', '|speed', /did you mean speedMps/],
  ['mean(bus.status)', '|status', /needs numbers, bus.status is a string: use share/],
  ['mean(bus.doorOpen)', '|doorOpen', /use share\(bus.doorOpen = true\)/],
  ['mean(bus.breakdown)', '|breakdown', /is an event of bus, not a field: count\(bus.breakdown\)/],
  ['count(bus.load)', '|load', 'load is a field of bus, not an event'],
  ['count(bus.brakedown)', '|brakedown', /did you mean breakdown/],
  ['share(bus.status = holdin)', '|holdin', /did you mean holding/],
  ['share(bus.status > holding)', '|holding', /compare it with = or !=/],
  ['share(bus.load = full)', '|full', 'bus.load is a number, got full'],
  ['share(bus.doorOpen = yes)', '|yes', /expected one of true, false/],
  ['share(bus.breakdown within soon of rain)', '|soon', /^expected a duration/],
  ['share(bus.breakdown within 5s after rain)', '|after', 'expected of, got after'],
  ['share(bus.breakdown within 5s of ran)', '|ran', /did you mean rain/],
  ['share(water-meter.leak within 5s of breakdown)', '|breakdown', 'breakdown concerns bus, not water-meter'],
  ['platform.storedLatencyMs.p95x', '|storedLatencyMs', /did you mean storedLatencyMs.p95/],
  ['platform', '|', /^unknown measure of the platform/],
])('%j: the mistake is at %j', (of, at, message) => {
  try {
    check(of);
  } catch (error) {
    if (!(error instanceof MeasureError)) throw error;
    expect(error.message).toMatch(message);
    expect(of.slice(error.at).startsWith(at.slice(1))).toBe(true);
    return;
  }
  throw new Error('it was accepted');
});

test('a measure of the platform is told by its path, anything else by nothing', () => {
  for (const path of PLATFORM_MEASURES) expect(platformMeasure(`platform.${path}`)).toBe(path);
  expect(platformMeasure('platform.speed')).toBeUndefined();
  expect(platformMeasure('mean(bus.speedMps)')).toBeUndefined();
});
