import { expect, it } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { StateBoard } from '../../simulator/state-board.ts';

const scenario = {
  name: 'calm',
  city: 'wuxi',
  seed: 1,
  startCivilMs: 0,
  durationMs: Infinity,
  truth: false,
  control: true,
  quality: 'ideal',
  timeline: [],
  expect: [],
  hash: '0',
} as const;

it('says what has changed, and everything again after a connect', () => {
  const board = new StateBoard({ city: loadCity(), models: new Map(), scenario, startMs: 0, endMs: undefined });
  const at = (wallMs: number) => board.changed([], [], undefined, wallMs);
  expect(at(0)).toMatchObject({ scenario: 'calm' });
  expect(at(1000)).toBeUndefined();
  board.repeat();
  expect(at(2000)).toMatchObject({ scenario: 'calm' });
  expect(at(3000)).toBeUndefined();
});
