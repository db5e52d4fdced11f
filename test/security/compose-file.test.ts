// What docker-compose.yml and the Dockerfile promise, read as they are; that it runs is tested on an engine, in test/compose.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: string[];
  readonly cap_add?: string[];
  readonly security_opt?: string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly ports?: string[];
  readonly networks?: string[];
  readonly volumes?: string[];
  readonly command?: string[];
  readonly environment?: { readonly [name: string]: string };
}
interface ComposeFile {
  readonly services: { readonly [name: string]: Service };
  readonly networks: { readonly [name: string]: { readonly internal?: boolean } | null };
}

const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
const { services, networks } = parse(text, { merge: true }) as ComposeFile;
const all = Object.entries(services);
const own = all.filter(([name]) => name !== 'influxdb');

describe('docker compose', () => {
  it.each(all)('%s has no rights but those it needs, and is limited', (_, service) => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.privileged).toBeUndefined();
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    for (const mount of service.volumes ?? []) expect(mount).toMatch(/^[a-z]+:\/[a-z/]+(:ro)?$/); // nothing of the machine
  });

  it.each(own)('%s runs as nobody special, in a file system that it cannot change', (_, service) => {
    expect([service.user, service.read_only, service.cap_add]).toEqual(['node', true, undefined]);
  });

  it('publishes on this machine only', () => {
    const ports = all.flatMap(([, service]) => service.ports ?? []);
    expect(ports).toHaveLength(2);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('has the database where only the api reaches it', () => {
    expect(networks.store).toEqual({ internal: true });
    const beside = all.filter(([, service]) => service.networks?.includes('store')).map(([name]) => name);
    expect([beside, services.influxdb!.networks]).toEqual([['influxdb', 'api'], ['store']]);
  });

  it('lets the broker alone write the credentials, and holds none itself', () => {
    const writers = own.filter(([, service]) => service.volumes?.includes('credentials:/credentials'));
    expect(writers.map(([name]) => name)).toEqual(['broker']);
    expect(text).not.toMatch(/passwor[dt]|secret|token/i);
    expect(dockerfile).not.toMatch(/password|secret|token/i);
  });

  it('has an image whose program is not its own to change', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).not.toContain('--chown');
  });
});
