import { describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import type { BusDispatchOptions } from '../../control/bus-dispatch.ts';
import { FREQUENCY, frequencyPerH } from '../../control/bus/frequency.ts';
import type { Decision } from '../../telemetry/controller.ts';
import { BusWords } from './bus-words.ts';

const minute = (dispatch: BusDispatch, atS: number): Decision[] => dispatch.decide(1000 * atS);

describe('short turn', () => {
  const STOP_DEGREES = 0.005;
  /** Stops of both ways lie opposite each other; many wait on the way back. */
  function line(options: BusDispatchOptions = { policy: 'short-turn' }) {
    const dispatch = new BusDispatch(options);
    const out = new BusWords(dispatch);
    const back = new BusWords(dispatch, { direction: 'back' });
    const at = (stop: number) => ({ lat: 31.5 + stop * STOP_DEGREES, lon: 120.3, load: 8, occupancyRatio: 0.1 });
    const counts = { boarded: 30, headwayS: 300 };
    for (let stop = 0; stop <= 12; stop++) {
      out.arrives('first', stop, 100 * stop, at(stop));
      out.leaves('first', stop, 100 * stop + 20, at(stop));
      back.arrives('other', stop, 100 * stop, at(12 - stop));
      back.leaves('other', stop, 100 * stop + 20, { ...at(12 - stop), ...counts });
    }
    return { dispatch, out, at };
  }

  it('turns a near-empty bus far behind its leader that has another close behind, at a stop with one across the street', () => {
    const { dispatch, out, at } = line();
    out.leaves('late', 3, 1990, at(3));
    out.leaves('close', 3, 2050, at(3));
    out.arrives('late', 4, 2100, at(4));
    const [decision] = minute(dispatch, 2110);
    expect(decision).toMatchObject({ device: 'late', command: { name: 'shortTurn', args: { atStop: 'out-5' } } });
    expect(decision!.about).toMatchObject({
      action: 'shortTurn',
      leader: 'first',
      gapS: 2100 - 420,
      policy: 'short-turn',
    });
    out.arrives('late', 5, 2200, at(5));
    expect(minute(dispatch, 2210)).toEqual([]);
  });

  it('leaves a full bus alone, and one with nobody behind', () => {
    for (const [load, hasNext] of [
      [40, true],
      [8, false],
    ] as const) {
      const { dispatch, out, at } = line();
      if (hasNext) out.leaves('close', 3, 2050, at(3));
      out.arrives('late', 4, 2100, { ...at(4), load, occupancyRatio: load / 80 });
      expect(minute(dispatch, 2110)).toEqual([]);
    }
  });
});

describe('deadhead', () => {
  it('sends a resting bus empty to the stop where two buses in a row left people behind', () => {
    const dispatch = new BusDispatch({ policy: 'deadhead' });
    const line = new BusWords(dispatch);
    line.run('a', 0, 10, 0);
    line.say('idle', 1300, { ...line.at(0), status: 'layover' });
    expect(line.leaves('b', 6, 1400, { denied: 9 })).toEqual([]);
    expect(minute(dispatch, 1500)).toEqual([]);
    const [decision] = line.leaves('c', 6, 1700, { denied: 12 });
    expect(decision).toMatchObject({ device: 'idle', command: { name: 'deadhead', args: { toStop: 'out-6' } } });
    expect(minute(dispatch, 1900)).toEqual([]);
  });

  it('is not troubled by a few people, or by one full bus', () => {
    const dispatch = new BusDispatch({ policy: 'deadhead' });
    const line = new BusWords(dispatch);
    line.say('idle', 1300, { ...line.at(0), status: 'layover' });
    for (const [bus, denied] of [5, 5, 20, 0, 20].entries())
      expect(line.leaves(`b${bus}`, 6, 1400 + 300 * bus, { denied })).toEqual([]);
    expect(minute(dispatch, 3000)).toEqual([]);
  });
});

describe('the right frequency', () => {
  const ruleOf = (ridersPerH: number) => frequencyPerH({ ...FREQUENCY, policyPerH: 0 }, ridersPerH, 0, 80, 1.5);

  it('doubles when four times as many ride, where waiting decides', () => {
    expect(ruleOf(4_000) / ruleOf(1_000)).toBeCloseTo(2, 9);
  });

  it('is where buses and waiting together cost least', () => {
    const { busPerH, waitingPerH } = FREQUENCY;
    const cost = (perH: number) => busPerH * 1.5 * perH + (waitingPerH * 1_000) / (2 * perH);
    const best = ruleOf(1_000);
    expect(cost(best)).toBeLessThan(cost(best * 1.02));
    expect(cost(best)).toBeLessThan(cost(best * 0.98));
  });

  it('is never below what is promised, nor below what the fullest point needs', () => {
    expect(frequencyPerH(FREQUENCY, 1, 0, 80, 1.5)).toBe(FREQUENCY.policyPerH);
    expect(frequencyPerH(FREQUENCY, 100, 680, 80, 1.5)).toBeCloseTo(10, 9);
  });
});

describe('frequency setting', () => {
  /** Buses every 300 s on 5 stops, each of which boards so many a stop. */
  function service(dispatch: BusDispatch, line: string, boarded: number, buses: number): BusWords {
    const words = new BusWords(dispatch, { line });
    for (let run = 0; run < 12; run++)
      words.run(`${line}-${run % buses}`, 0, 4, 300 * run, 50, 10, {
        boarded,
        load: 4 * boarded,
        occupancyRatio: boarded / 20,
      });
    return words;
  }

  it('sends a resting bus from a line that can spare it to the one that lacks most', () => {
    const dispatch = new BusDispatch({ policy: 'frequency-setting' });
    const quiet = service(dispatch, 'quiet', 0.5, 6);
    service(dispatch, 'busy', 20, 6);
    minute(dispatch, 3600);
    quiet.say('quiet-3', 3610, { ...quiet.at(0), status: 'layover' });
    const [decision, ...others] = minute(dispatch, 3670);
    expect(others).toEqual([]);
    expect(decision).toMatchObject({ device: 'quiet-3', command: { name: 'reassign', args: { line: 'busy' } } });
    expect(decision!.why).toMatch(/line busy: busy needs \d+ buses for \d+ riders\/h and has 6/);
    expect(minute(dispatch, 3740)).toEqual([]);
  });

  it('takes no bus from a line that needs all of its own', () => {
    const dispatch = new BusDispatch({ policy: 'frequency-setting' });
    const busy = service(dispatch, 'busy', 20, 6);
    service(dispatch, 'other', 20, 6);
    expect(busy.say('busy-3', 3610, { ...busy.at(0), status: 'layover' })).toEqual([]);
    expect(minute(dispatch, 3670)).toEqual([]);
  });
});

describe('signal priority', () => {
  /** Where three buses stood on the way from stop 2 to stop 3. */
  function learned(): { line: BusWords } {
    const line = new BusWords(new BusDispatch({ policy: 'signal-priority' }));
    for (let bus = 0; bus < 3; bus++) {
      line.leaves(`b${bus}`, 2, 100 * bus);
      line.drives(`b${bus}`, 3, 100 * bus + 30, 1_250, { speedMps: 0 });
      line.drives(`b${bus}`, 3, 100 * bus + 35, 1_250, { speedMps: 0 });
      line.arrives(`b${bus}`, 3, 100 * bus + 80);
    }
    return { line };
  }

  it('asks for green when a late bus comes near a place where buses usually stand', () => {
    const { line } = learned();
    line.leaves('late', 2, 1000);
    expect(line.drives('late', 3, 1010, 1_020, { delayS: 90 })).toEqual([]);
    expect(line.drives('late', 3, 1020, 1_150, { delayS: 90 })).toMatchObject([
      { device: 'late', command: { name: 'requestPriority', args: {} } },
    ]);
    expect(line.drives('late', 3, 1025, 1_190, { delayS: 90 })).toEqual([]);
  });

  it('asks for a bus far behind its leader, and for no other', () => {
    const { line } = learned();
    line.leaves('b2', 3, 290);
    line.arrives('far', 2, 1000);
    line.leaves('far', 2, 1010);
    expect(line.drives('far', 3, 1030, 1_150, { delayS: 0 })).toHaveLength(1);
    line.arrives('near', 2, 1200);
    line.leaves('near', 2, 1210);
    expect(line.drives('near', 3, 1230, 1_150, { delayS: 30 })).toEqual([]);
  });
});
