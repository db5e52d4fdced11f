import { expect, it } from 'vitest';
import { Held } from '../../api/held.ts';
import type { Message } from '../../api/held.ts';
import { telemetry } from './city.ts';

const MB = 1_048_576;
const message = (bytes: number): Message => ({
  channel: 'telemetry',
  kind: 'bus',
  device: 'b-1',
  frame: telemetry('b-1', Buffer.alloc(bytes)),
});

it('says when 32 MB wait, and when less than half of that does', () => {
  const crowds: boolean[] = [];
  const held = new Held((isCrowded) => crowds.push(isCrowded));
  const letIn = (count: number): void =>
    held.letIn(
      () => count-- > 0,
      () => undefined,
    );
  for (let count = 0; count < 31; count++) void held.add(message(MB));
  expect(crowds).toEqual([]);
  void held.add(message(MB));
  expect(crowds).toEqual([true]);
  letIn(15);
  expect([crowds, held.size]).toEqual([[true], 17]);
  letIn(2);
  expect([crowds, held.size]).toEqual([[true, false], 15]);
  letIn(99);
  expect([crowds, held.size]).toEqual([[true, false], 0]);
});

it('counts small ones, too', () => {
  const crowds: boolean[] = [];
  const held = new Held((isCrowded) => crowds.push(isCrowded));
  for (let count = 0; count < 50_000; count++) void held.add(message(10));
  expect(crowds).toEqual([true]);
});

it('is full at twice as much', () => {
  const held = new Held(() => undefined);
  for (let count = 0; !held.isFull; count++) {
    expect(count).toBeLessThan(64);
    void held.add(message(MB));
  }
  expect(held.size).toBe(64);
});
