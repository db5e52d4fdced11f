import { describe, expect, it } from 'vitest';
import { SettingsError, commandLine, parameterLines, readSettings } from '../../experiments/settings.ts';
import { fake } from './fake-experiments.ts';

const shelter = fake('shelter');

describe('settings', () => {
  it('are the defaults unless something is set', () => {
    const usual = { waitS: 300, stops: 12, season: 'winter', policy: ['none', 'roof'] };
    expect(readSettings(shelter, [])).toEqual(usual);
    expect(readSettings(shelter, ['stops=20', 'policy=heated-roof', 'season=summer', 'waitS=90.5'])).toEqual({
      waitS: 90.5,
      stops: 20,
      season: 'summer',
      policy: ['heated-roof'],
    });
    expect(readSettings(shelter, ['policy=heated-roof', 'policy=roof,none'])).toEqual({
      ...usual,
      policy: ['roof', 'none'],
    });
  });

  it.each([
    ['stop=20', /stop=20: shelter has no parameter "stop", did you mean stops\? \(expected one of waitS, stops/],
    ['colour=red', /no parameter "colour", expected one of waitS, stops, season, policy$/],
    ['stops=many', /stops=many: expected a whole number from 2 to 40, got "many"/],
    ['stops=', /expected a whole number from 2 to 40, got ""/],
    ['stops=2.5', /a whole number from 2 to 40, got "2.5"/],
    ['waitS=5', /a number from 60 to 900 s, got "5"/],
    ['waitS=Infinity', /a number from 60 to 900 s/],
    ['waitS=NaN', /a number from 60 to 900 s/],
    ['season=sumer', /unknown choice "sumer", did you mean summer\?/],
    ['policy=none,rof', /unknown choice "rof", did you mean roof\? \(expected one of none, roof, heated-roof\)/],
    ['policy=', /unknown choice ""/],
    ['policy=roof,roof', /"roof" is named twice/],
    ['stops', /expected name=value/],
    ['=3', /expected name=value/],
    ['toString=1', /no parameter "toString"/],
  ])('refuse %s, and say what was expected', (assignment, message) => {
    const read = () => readSettings(shelter, [assignment]);
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(message);
  });

  it('say all mistakes at once', () => {
    const read = () => readSettings(shelter, ['stops=1', 'season=winter', 'waitS=1']);
    expect(read).toThrow(/^--set stops=1: .*\n--set waitS=1: .*$/);
  });

  it('are repeated by the command that the report shows', () => {
    const settings = readSettings(shelter, ['policy=none,heated-roof', 'stops=7']);
    const command = commandLine(shelter, { settings, seeds: 4, firstSeed: 9 });
    expect(command).toBe('citytwin experiment shelter --seeds 4 --seed 9 --set stops=7 --set policy=none,heated-roof');
    const assignments = [...command.matchAll(/--set (\S+)/g)].map((match) => match[1]!);
    expect(readSettings(shelter, assignments)).toEqual(settings);
  });
});

describe('help', () => {
  it('explains every parameter: default, what is accepted, meaning', () => {
    const lines = parameterLines(shelter).join('\n');
    expect(lines).toContain('waitS=300\n      mean wait without a roof: a number from 60 to 900 s');
    expect(lines).toContain('stops=12\n      stops of the line: a whole number from 2 to 40');
    expect(lines).toContain('season=winter\n      when: one of winter, summer');
    expect(lines).toContain('policy=none,roof\n      what is built: one or more, separated by commas, of none, roof');
  });
});
