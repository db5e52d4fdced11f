// A real Chromium for tests, and what the page offers to them.
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { eventually } from './city-process.ts';
import { program } from './parts.ts';

export interface Position {
  readonly id: string;
  readonly lat: number;
  readonly lon: number;
}
declare global {
  interface Window {
    citytwin: {
      positions(kind: string): Position[];
      areas(): string[];
      chartPoints(): number;
      select(kind: string, id: string): void;
      project(lon: number, lat: number): { x: number; y: number };
    };
  }
}

/** About ten metres. */
const MOVED_DEG = 1e-4;

export function launchBrowser(): Promise<Browser> {
  const path = program('chromium');
  if (path === undefined) throw new Error('chromium is not installed');
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--enable-unsafe-swiftshader',
  ];
  return chromium.launch({ executablePath: path, args });
}

export function positionsOn(page: Page, kind: string): Promise<Position[]> {
  return page.evaluate((name) => window.citytwin?.positions(name) ?? [], kind);
}

/** Waits until at least `enough` devices of a kind have moved on the map. */
export async function seeMoving(page: Page, kind: string, enough: number): Promise<void> {
  const first = await eventually(`${enough} of kind ${kind} on the map`, async () => {
    const seen = await positionsOn(page, kind);
    return seen.length >= enough ? seen : undefined;
  });
  await eventually(`${enough} moving of kind ${kind}`, async () => {
    const now = new Map((await positionsOn(page, kind)).map((device) => [device.id, device]));
    const moved = first.filter(({ id, lat, lon }) => {
      const later = now.get(id);
      return later !== undefined && Math.hypot(later.lat - lat, later.lon - lon) > MOVED_DEG;
    });
    return moved.length >= enough ? true : undefined;
  });
}
