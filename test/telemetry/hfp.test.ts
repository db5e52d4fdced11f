import { describe, expect, it } from 'vitest';
import { Access } from '../../broker/roles.ts';
import { hfpPayload, hfpTopic, vehicleNumber } from '../../telemetry/hfp.ts';
import type { HfpJourney } from '../../telemetry/hfp.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

const TS = Date.UTC(2026, 4, 1, 0, 5, 30, 250);
const journey: HfpJourney = {
  operator: 1,
  headsign: 'Meiyuan',
  start: '07:45',
  operatingDay: '2026-05-01',
  nextStop: '608-12',
  stop: undefined,
};

function record(fields: TelemetryRecord['fields'] = {}, ts = TS): TelemetryRecord {
  const known = {
    lat: 31.571_234_5,
    lon: 120.289_876_5,
    line: '608',
    direction: 'out',
    speedMps: 6.5,
    headingDeg: 92.4,
  };
  return { kind: 'bus', device: 'bus-0007', ts, seq: 1, fields: { ...known, ...fields } };
}

describe('an HFP topic', () => {
  it('has the levels of HSL’s, digits of both coordinates interleaved', () => {
    expect(hfpTopic(record(), journey)).toBe(
      'hfp/v2/journey/ongoing/vp/bus/0001/00007/608/1/Meiyuan/07:45/608-12/0/31;120/52/78/19',
    );
  });

  it('counts the way back as direction 2, and ends at EOL', () => {
    const levels = hfpTopic(record({ direction: 'back' }), { ...journey, nextStop: undefined }).split('/');
    expect([levels[9], levels[12]]).toEqual(['2', 'EOL']);
  });

  it('has no place where the bus has none', () => {
    const { lat: _lat, ...fields } = record().fields;
    expect(hfpTopic({ ...record(), fields }, journey)).toMatch(/\/608-12\/0\/{4}$/);
  });

  it('keeps headsigns from being read as levels or wildcards', () => {
    const topic = hfpTopic(record(), { ...journey, headsign: 'A/B+C#' });
    expect(topic.split('/')[10]).toBe('A B C ');
    expect(topic).not.toMatch(/[+#]/);
  });

  it.each([
    [0, { lat: 32.571_234_5 }, {}],
    [1, { lat: 31.671_234_5 }, {}],
    [3, { lat: 31.572_234_5, lon: 120.289_886_5 }, {}],
    [4, { lon: 120.289_976_5 }, {}],
    [5, { lat: 31.571_234_6 }, {}],
    [0, {}, { nextStop: '608-13' }],
  ])('says level %i for what changed since the message before', (level, fields, more) => {
    const levels = hfpTopic(record(fields), { ...journey, ...more }, { record: record(), journey }).split('/');
    expect(levels[13]).toBe(String(level));
  });

  it('may be published by the api and read by viewers, with filters like HSL’s; nobody else may publish it', () => {
    const topic = hfpTopic(record(), { ...journey, headsign: '梅园 (east)' });
    const may = (role: 'api' | 'viewer' | 'integrator' | 'gateway' | 'controller') =>
      new Access('wuxi', { name: role, roles: [role] });
    expect(may('api').mayPublish(topic)).toBe(true);
    expect(may('viewer').mayPublish(topic)).toBe(false);
    for (const role of ['integrator', 'gateway', 'controller'] as const)
      expect(may(role).publishRefusal(topic)).toBe('not-allowed');
    expect(may('viewer').maySubscribe('hfp/v2/journey/ongoing/+/+/+/+/608/1/+/+/+/0/#')).toBe(true);
    expect(may('viewer').maySubscribe('hfp/v2/journey/ongoing/vp/bus/#')).toBe(true);
    expect(may('controller').maySubscribe('hfp/#')).toBe(false);
    expect(may('api').mayPublish(`hfp/v2/${'x/'.repeat(30)}`)).toBe(false);
    expect(may('api').mayPublish('hfp/v2/+/a')).toBe(false);
    expect(may('api').mayPublish('hfp/v3/a')).toBe(false);
  });
});

describe('an HFP payload', () => {
  it('has HSL’s names and signs', () => {
    const fields = { delayS: 42, alongM: 1234.6, doorOpen: true, occupancyRatio: 0.426 };
    const before = { record: record({ speedMps: 8.5 }, TS - 5000), journey };
    expect(hfpPayload(record(fields), { ...journey, stop: '608-12' }, before)).toEqual({
      VP: {
        desi: '608',
        dir: '1',
        oper: 1,
        veh: 7,
        tst: '2026-05-01T00:05:30.250Z',
        tsi: 1_777_593_930,
        spd: 6.5,
        hdg: 92,
        lat: 31.571_234_5,
        long: 120.289_876_5,
        acc: -0.4,
        dl: -42,
        odo: 1235,
        drst: 1,
        oday: '2026-05-01',
        line: 608,
        start: '07:45',
        loc: 'GPS',
        stop: '608-12',
        route: '608',
        occu: 43,
      },
    });
  });

  it('is null where a bus does not say', () => {
    const { VP } = hfpPayload({ ...record(), fields: { line: 'K2' } }, journey);
    expect(VP).toMatchObject({
      spd: null,
      lat: null,
      acc: null,
      dl: null,
      drst: null,
      stop: null,
      occu: null,
      loc: 'N/A',
    });
  });
});

describe('a vehicle number', () => {
  it('is that at the end of the id, and one of five digits for every id', () => {
    expect(vehicleNumber('bus-0123')).toBe(123);
    expect(vehicleNumber('x')).not.toBe(vehicleNumber('y'));
    for (const id of ['depot', 'a.b', 'bus-1234567']) expect(vehicleNumber(id)).toBeLessThan(100_000);
  });
});
