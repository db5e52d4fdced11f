import { describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import { Tracker } from '../../control/bus/tracker.ts';
import type { Controller } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { BusWords, SPACING_M } from './bus-words.ts';

/** Tells a tracker, and nobody decides. */
function tracked(): { words: BusWords; tracker: Tracker; news: string[] } {
  const tracker = new Tracker();
  const news: string[] = [];
  const observe = (record: TelemetryRecord) => void news.push(tracker.take(record)?.news ?? 'refused');
  const controller: Controller = { name: 'x', reads: ['bus'], observe, decide: () => [] };
  return { words: new BusWords(controller), tracker, news };
}

const holdS = (decisions: ReturnType<BusWords['say']>) => decisions.map(({ command }) => command.args.durationS);

describe('the picture of the service', () => {
  it('knows the order of stops, and arrivals from departures', () => {
    const { words, tracker, news } = tracked();
    words.run('a', 0, 3, 0);
    expect(tracker.lines.get('608')!.out.stops.map((stop) => stop?.id)).toEqual(['out-0', 'out-1', 'out-2', 'out-3']);
    expect(news).toEqual(['departed', 'arrived', 'departed', 'arrived', 'departed', 'arrived', 'departed']);
  });

  it('refuses what is late or comes twice', () => {
    const { words, tracker, news } = tracked();
    const record = { kind: 'bus', device: 'a', ts: 5000, seq: 7, fields: { line: '608', direction: 'out' } };
    const fields = { ...record.fields, ...words.at(3), status: 'stoppedAt' };
    const take = (ts: number, seq: number) => tracker.take({ ...record, ts, seq, fields })?.news;
    expect([take(5000, 7), take(5000, 7), take(4000, 6), take(6000, 8)]).toEqual([
      'arrived',
      undefined,
      undefined,
      'none',
    ]);
    expect(news).toEqual([]);
  });

  it('survives records that say nothing about a line', () => {
    const { words, news } = tracked();
    words.say('a', 1, { line: 5, status: 'stoppedAt' });
    words.say('a', 2, { status: 'flying', nextStop: 'x', stopSequence: 1 });
    words.say('a', 3, { status: 'stoppedAt', nextStop: 'x', stopSequence: -1 });
    words.say('a', 4, { status: 'stoppedAt', nextStop: 'x', stopSequence: 1.5 });
    words.say('a', 5, { status: 'depot' });
    words.say('a', 6, { line: '6/8', status: 'stoppedAt', nextStop: 'x', stopSequence: 1 });
    words.say('a', 7, { status: 'stoppedAt', nextStop: 'at the corner', stopSequence: 1 });
    expect(news).toEqual(Array.from({ length: 7 }, () => 'refused'));
  });

  it('notices a bus that stands, though its arrival was lost', () => {
    const { words, news } = tracked();
    words.leaves('a', 4, 0);
    words.drives('a', 5, 50, 4.5 * SPACING_M);
    words.arrives('a', 5, 105);
    words.arrives('a', 5, 110);
    expect(news).toEqual(['departed', 'moved', 'arrived', 'none']);
  });

  it('infers departures that it did not hear from where the bus is next', () => {
    const { words, tracker } = tracked();
    words.leaves('a', 4, 0);
    words.arrives('a', 5, 100);
    words.drives('a', 6, 130, 5.1 * SPACING_M);
    words.drives('a', 9, 430, 8.2 * SPACING_M);
    const { stops } = tracker.lines.get('608')!.out;
    expect(stops[5]!.lastDepartureMs).toBeGreaterThan(100_000);
    expect(stops[5]!.lastDepartureMs).toBeLessThan(130_000);
    expect(stops[5]!.lastBus).toBe('a');
    expect(tracker.buses.get('a')!.atStop).toBe(false);
  });

  it('spreads the stops that a bus passed unheard over the time it was silent', () => {
    const { words, tracker } = tracked();
    words.run('z', 0, 10, 0);
    words.leaves('a', 4, 3000);
    words.arrives('a', 8, 3400);
    const left = tracker.lines
      .get('608')!
      .out.stops.slice(5, 8)
      .map((stop) => stop!.lastDepartureMs / 1000);
    expect(left).toEqual([3100, 3200, 3300]);
  });

  it('takes a bus that changes its line, or goes home, off the old one', () => {
    const { words, tracker } = tracked();
    words.arrives('a', 3, 0);
    words.arrives('a', 1, 10, { line: '12' });
    expect(tracker.lines.get('608')!.buses.size).toBe(0);
    expect(tracker.lines.get('608')!.out.stops[3]!.standing).toBeUndefined();
    expect(tracker.lines.get('12')!.buses.size).toBe(1);
    words.say('a', 20, { line: '12', status: 'depot', nextStop: 'x', stopSequence: 0 });
    expect(tracker.buses.get('a')!.inService).toBe(false);
  });

  it('forgets a bus that was silent for an hour', () => {
    const { words, tracker } = tracked();
    words.arrives('a', 3, 0);
    words.arrives('b', 4, 3000);
    tracker.forget(3_700_000);
    expect([...tracker.buses.keys()]).toEqual(['b']);
  });

  it('tells a stop that a run serves twice from one that two patterns share', () => {
    const { words, tracker } = tracked();
    words.leaves('a', 0, 0, { nextStop: 'hub' });
    words.leaves('a', 1, 100);
    words.arrives('a', 2, 200, { nextStop: 'hub' });
    const { stops } = tracker.lines.get('608')!.out;
    expect([stops[0]!.id, stops[2]!.id]).toEqual(['hub', 'hub']);
    expect(stops[2]).not.toBe(stops[0]);
    // A short run begins at stop 1 of the long one.
    words.leaves('b', 0, 300, { nextStop: 'out-1' });
    expect(stops[1]!.lastBus).toBe('b');
  });
});

describe('holding in bad weather', () => {
  it('measures the gap to the bus that overtook, not to the one that left the terminal before', () => {
    const words = new BusWords(new BusDispatch());
    words.run('far', 0, 24, 0);
    words.leaves('first', 0, 3000);
    words.leaves('second', 0, 3300);
    words.leaves('second', 5, 3800);
    expect(words.arrives('first', 5, 3900)[0]!.about).toMatchObject({ leader: 'second', gapS: 100 });
  });

  it('passes by a leader that broke down behind the stop', () => {
    const words = new BusWords(new BusDispatch());
    words.run('far', 0, 24, 0);
    words.leaves('leader', 5, 3000);
    words.say('broken', 3100, { ...words.at(5), status: 'broken' });
    words.leaves('self', 4, 3100);
    expect(holdS(words.arrives('self', 5, 3200))).toEqual([58]);
  });

  it('acts on the first arrival after a restart in the middle of the day, by where the buses are', () => {
    const words = new BusWords(new BusDispatch());
    // 600 m apart at the usual 4.8 m/s: 125 s.
    words.drives('far', 20, 0, 9_900);
    words.drives('ahead', 7, 1, 3_100);
    words.leaves('self', 4, 2);
    const [decision] = words.arrives('self', 5, 100);
    expect(decision!.about).toMatchObject({ leader: 'ahead', gapS: 125, targetS: 300 });
    expect(decision!.command.args.durationS).toBe(60);
  });

  it('keeps quiet while nobody has told the planned headway', () => {
    const words = new BusWords(new BusDispatch());
    words.drives('far', 20, 0, 9_900);
    words.drives('ahead', 6, 1, 2_700);
    expect(words.arrives('self', 5, 100)).toEqual([]);
  });

  it('drops what could not be sent in time', () => {
    const dispatch = new BusDispatch();
    const words = new BusWords({ name: 'mute', reads: ['bus'], observe: (r) => dispatch.observe(r), decide: () => [] });
    words.run('far', 0, 24, 0);
    words.leaves('a', 5, 3000);
    words.leaves('b', 4, 3000);
    words.arrives('b', 5, 3100);
    expect(dispatch.decide(3_161_000)).toEqual([]);
  });
});
