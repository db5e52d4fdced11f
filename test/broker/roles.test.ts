import { describe, expect, it } from 'vitest';
import { ANONYMOUS, Access, covers } from '../../broker/roles.ts';
import type { Identity } from '../../broker/roles.ts';

const identities: { readonly [name: string]: Identity } = {
  device: { name: 'bus/bus-0001', roles: ['device'], device: { kind: 'bus', device: 'bus-0001' } },
  gateway: { name: 'simulator', roles: ['gateway'] },
  'bus gateway': { name: 'depot', roles: ['gateway'], kinds: ['bus', 'tram'] },
  integrator: { name: 'acme', roles: ['integrator'], kinds: ['door'] },
  controller: { name: 'control', roles: ['controller'] },
  api: { name: 'api', roles: ['api'] },
  viewer: { name: 'viewer', roles: ['viewer'] },
  anonymous: ANONYMOUS,
};
const everyone = Object.keys(identities);

/** topic → who may publish to it; nobody else may. */
const PUBLISH: [topic: string, allowed: string[]][] = [
  ['city/wuxi/bus/bus-0001/telemetry', ['device', 'gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/bus/bus-0001/event', ['device', 'gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/bus/bus-0001/status', ['device', 'gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/bus/bus-0001/ack', ['device', 'gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/bus/bus-0001/command', ['controller', 'api', 'anonymous']],
  ['city/wuxi/bus/bus-0002/telemetry', ['gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/tram/bus-0001/telemetry', ['gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/door/d-1/telemetry', ['gateway', 'integrator', 'anonymous']],
  ['city/wuxi/kinds/bus', ['gateway', 'bus gateway', 'anonymous']],
  ['city/wuxi/kinds/door', ['gateway', 'integrator', 'anonymous']],
  ['city/wuxi/clock', ['gateway', 'bus gateway']],
  ['city/wuxi/counters/simulator', ['gateway', 'bus gateway', 'api']],
  ['city/wuxi/counters/control', ['gateway', 'bus gateway', 'api', 'controller', 'anonymous']],
  ['city/wuxi/counters/load', ['gateway', 'bus gateway', 'api', 'integrator', 'anonymous']],
  ['city/wuxi/scenario/ack', ['gateway', 'bus gateway']],
  ['city/wuxi/scenario/state', ['gateway', 'bus gateway']],
  ['city/wuxi/scenario/command', ['api']],
  ['truth/wuxi/bus/bus-0001', ['gateway', 'bus gateway']],
  ['truth/wuxi/door/d-1', ['gateway']],
  ['city/suzhou/bus/bus-0001/telemetry', []],
  ['truth/suzhou/bus/bus-0001', []],
  ['city/wuxi/bus/bus-0001/telemetry/more', []],
  ['city/wuxi/kinds/clock', []],
  ['home/kitchen/temp', []],
  ['$SYS/broker/uptime', []],
  ['$share/g/city/wuxi/clock', []],
];

/** filter → who may subscribe to it; nobody else may. */
const SUBSCRIBE: [filter: string, allowed: string[]][] = [
  ['city/wuxi/bus/bus-0001/command', ['device', 'gateway', 'bus gateway', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/bus/bus-0002/command', ['gateway', 'bus gateway', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/bus/+/command', ['gateway', 'bus gateway', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/+/+/command', ['gateway', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/door/+/command', ['gateway', 'integrator', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/door/#', ['integrator', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/scenario/command', ['gateway', 'bus gateway', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/+/+/telemetry', ['controller', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/bus/+/event', ['controller', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/bus/bus-0001/ack', ['controller', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/clock', ['gateway', 'bus gateway', 'controller', 'api', 'viewer', 'anonymous']],
  ['city/wuxi/+/+/+', ['api', 'viewer', 'anonymous']],
  ['city/wuxi/#', ['api', 'viewer', 'anonymous']],
  ['city/#', ['api', 'viewer', 'anonymous']],
  ['city', ['api', 'viewer', 'anonymous']],
  ['$SYS/broker/#', ['api', 'viewer', 'anonymous']],
  ['$SYS/broker/clients', ['api', 'viewer', 'anonymous']],
  ['#', ['api']],
  ['+/wuxi/clock', ['api']],
  ['truth/wuxi/#', ['api', 'viewer', 'anonymous']],
  ['truth/#', ['api', 'viewer', 'anonymous']],
  ['$SYS/#', []],
  ['$SYS/+/new/clients', []],
  ['+/broker/clients/#/x', []],
  ['$share/g/city/wuxi/#', []],
  ['$refused', []],
  ['city/wuxi/bus#', []],
  ['city/wuxi/b+/x', []],
  ['city//clock', []],
  ['', []],
  ['city/wuxi/\uFFFD', []],
  ['a/b/c/d/e/f/g/h/i', []],
  [`city/${'x'.repeat(300)}`, []],
];

describe('table of roles', () => {
  it.each(PUBLISH)('%s is published by exactly: %j', (topic, allowed) => {
    expect(everyone.filter((name) => new Access('wuxi', identities[name]!).mayPublish(topic))).toEqual(
      inOrder(allowed),
    );
  });

  it.each(SUBSCRIBE)('%s is subscribed by exactly: %j', (filter, allowed) => {
    expect(everyone.filter((name) => new Access('wuxi', identities[name]!).maySubscribe(filter))).toEqual(
      inOrder(allowed),
    );
  });

  it.each([
    ['city/wuxi/bus/b 1/telemetry', 'bad-topic'],
    ['city/wuxi//x/telemetry', 'bad-topic'],
    ['city/wuxi/bus/\uFFFD/telemetry', 'bad-topic'],
    ['city/wuxi/bus/b\0/telemetry', 'bad-topic'],
    ['a/b/c/d/e/f/g/h/i', 'bad-topic'],
    ['x'.repeat(65), 'bad-topic'],
    ['home/kitchen', 'foreign-topic'],
    ['truth/wuxi/bus', 'foreign-topic'],
    ['city/suzhou/clock', 'other-city'],
    ['truth/suzhou/bus/b', 'other-city'],
    ['city/wuxi/clock', 'not-allowed'],
  ])('%s is refused as %s', (topic, cause) => {
    expect(new Access('wuxi', ANONYMOUS).publishRefusal(topic)).toBe(cause);
  });
});

describe('covers', () => {
  it.each([
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a/#', true],
    ['a/+', 'a/+', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/b', 'a/+', false],
    ['a/b', '+/b', false],
    ['#', '#', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
  ])('%s covers %s: %s', (allowed, requested, expected) => {
    expect(covers(allowed.split('/'), requested.split('/'))).toBe(expected);
  });
});

function inOrder(names: readonly string[]): string[] {
  return everyone.filter((name) => names.includes(name));
}
