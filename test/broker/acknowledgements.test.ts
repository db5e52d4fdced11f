// What is owed to one client leaves in order, however its tickets settle.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Acknowledgements } from '../../broker/acknowledgements.ts';

const failed = (error: unknown) => {
  throw error;
};

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('Acknowledgements', () => {
  it('leave in the order of the publishes, each after its ticket, whichever of them share one', async () => {
    const owners = fc.array(fc.option(fc.nat(5), { nil: undefined }), { maxLength: 30 });
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
    await fc.assert(
      fc.asyncProperty(owners, order, async (tickets, settling) => {
        const acknowledgements = new Acknowledgements();
        const groups = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
        const open = new Set(settling);
        const left: number[] = [];
        for (const [at, group] of tickets.entries())
          acknowledgements.add(group === undefined ? undefined : groups[group]!.promise, () => left.push(at), failed);
        for (const group of [undefined, ...settling]) {
          if (group !== undefined) groups[group]!.resolve();
          if (group !== undefined) open.delete(group);
          await settled();
          const blocked = tickets.findIndex((ticket) => ticket !== undefined && open.has(ticket));
          expect(left).toEqual([...tickets.keys()].slice(0, blocked === -1 ? tickets.length : blocked));
          expect(acknowledgements.owed).toBe(tickets.length - left.length);
        }
      }),
    );
  });

  it('that are added while others leave come behind them', async () => {
    const acknowledgements = new Acknowledgements();
    const left: string[] = [];
    const ticket = Promise.resolve();
    acknowledgements.add(
      ticket,
      () => {
        left.push('first');
        acknowledgements.add(ticket, () => left.push('third'), failed);
      },
      failed,
    );
    acknowledgements.add(ticket, () => left.push('second'), failed);
    await settled();
    expect(left).toEqual(['first', 'second', 'third']);
    expect(acknowledgements.owed).toBe(0);
  });

  it('never leave for a ticket that rejects, nor do those behind it', async () => {
    const acknowledgements = new Acknowledgements();
    const left: string[] = [];
    const errors: unknown[] = [];
    const ticket = Promise.reject(new Error('no disk'));
    acknowledgements.add(
      ticket,
      () => left.push('first'),
      (error) => errors.push(error),
    );
    acknowledgements.add(
      ticket,
      () => left.push('second'),
      (error) => errors.push(error),
    );
    acknowledgements.add(undefined, () => left.push('third'), failed);
    await settled();
    expect(left).toEqual([]);
    expect(errors).toEqual([new Error('no disk')]);
  });

  it('go on behind one whose acknowledgement throws', async () => {
    const acknowledgements = new Acknowledgements();
    const left: string[] = [];
    const errors: unknown[] = [];
    const first = Promise.resolve();
    acknowledgements.add(
      first,
      () => {
        throw new Error('gone');
      },
      (error) => errors.push(error),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    acknowledgements.add(promise, () => left.push('second'), failed);
    await settled();
    resolve();
    await settled();
    expect(errors).toEqual([new Error('gone')]);
    expect(left).toEqual(['second']);
  });
});
