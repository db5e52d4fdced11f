import { describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import { POLICY_NAMES } from '../../control/bus/policy.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { RecordDecoder, RecordEncoder } from '../../telemetry/json-codec.ts';
import { BusWords } from './bus-words.ts';

const setPolicy = (dispatch: BusDispatch, args: { [name: string]: unknown }) =>
  dispatch.obey({ id: 'x', name: 'setPolicy', args });

describe('the dispatch centre', () => {
  it('has a description that is good, and whose limits its own record and decisions keep', () => {
    const dispatch = new BusDispatch();
    expect(descriptionProblems(dispatch.description)).toEqual([]);
    const words = new BusWords(dispatch);
    words.run('far', 0, 24, 0);
    words.leaves('a', 5, 3000);
    words.leaves('b', 4, 3000);
    const [decision] = words.arrives('b', 5, 3100);
    const encoder = new RecordEncoder(dispatch.description);
    const decoder = new RecordDecoder(dispatch.description);
    const event = encoder.encodeEvent(1, 1, 'decision', undefined, decision!.about!);
    expect(decoder.decodeEvent('bus-dispatch', event).fields).toMatchObject({
      bus: 'b',
      durationS: 60,
      why: decision!.why,
    });
    const { fields } = dispatch.report(3_100_000);
    expect(decoder.decode('bus-dispatch', encoder.encode(1, 2, fields!)).fields).toMatchObject({ decisions: 1 });
  });

  it('reports every 10 s how even the last half hour was', () => {
    const dispatch = new BusDispatch({ policy: 'timetable' });
    const words = new BusWords(dispatch);
    words.run('old', 0, 24, 0, 10, 5, { headwayS: 1000 });
    for (const [bus, headwayS] of [300, 60, 540].entries())
      words.leaves(`b${bus}`, 3, 4000 + bus, { headwayS, targetHeadwayS: 300 });
    words.say('h', 4005, { ...words.at(7), status: 'holding' });
    const { fields } = dispatch.report(4_010_000);
    const cv = Math.sqrt((2 * 240 * 240) / 3) / 300;
    expect(fields).toMatchObject({ policy: 'timetable', heldBuses: 1, decisions: 0, bunchedShare: 1 / 3 });
    expect(fields!.headwayCv).toBeCloseTo(cv, 9);
    expect(fields!.excessWaitS).toBeCloseTo(150 * cv * cv, 9);
    expect(fields).not.toHaveProperty('etaErrorS');
    expect(dispatch.report(4_019_000).fields).toBeUndefined();
    expect(dispatch.report(4_020_000).fields).toBeDefined();
  });

  it('changes its policy on one line or on all', () => {
    const dispatch = new BusDispatch();
    for (const line of ['608', '12']) new BusWords(dispatch, { line }).arrives(`on-${line}`, 3, 1);
    const policy = (nowMs: number) => dispatch.report(nowMs).fields!.policy;
    expect(policy(10_000)).toBe('forward-headway');
    expect(setPolicy(dispatch, { policy: 'schedule', line: '12' })).toBeUndefined();
    expect(policy(20_000)).toBe('mixed');
    expect(setPolicy(dispatch, { policy: 'schedule' })).toBeUndefined();
    expect(policy(30_000)).toBe('schedule');
    for (const name of POLICY_NAMES) expect(setPolicy(dispatch, { policy: name })).toBeUndefined();
  });

  it('says what is wrong with a command, and what may have been meant', () => {
    const dispatch = new BusDispatch();
    new BusWords(dispatch).arrives('a', 3, 1);
    expect(setPolicy(dispatch, { policy: 'forward-headways' })).toBe(
      'unknown policy "forward-headways", did you mean forward-headway?',
    );
    expect(setPolicy(dispatch, { policy: 'schedule', line: '609' })).toBe('unknown line "609", did you mean 608?');
    expect(setPolicy(dispatch, {})).toMatch(/^unknown policy undefined, expected one of: timetable, schedule/);
    expect(setPolicy(dispatch, { policy: 'schedule', lines: 'all' })).toBe(
      'setPolicy takes policy and line, got "lines"',
    );
    expect(dispatch.obey({ id: 'y', name: 'hold', args: {} })).toBe('there is no command "hold", expected setPolicy');
    expect(dispatch.report(10_000).fields!.policy).toBe('forward-headway');
  });

  it('holds nobody where the policy is timetable', () => {
    const dispatch = new BusDispatch({ policy: 'timetable' });
    const words = new BusWords(dispatch);
    words.run('far', 0, 24, 0);
    words.leaves('a', 5, 3000);
    words.leaves('b', 4, 3000);
    expect(words.arrives('b', 5, 3010)).toEqual([]);
  });
});
