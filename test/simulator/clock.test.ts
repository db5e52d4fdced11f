import { describe, expect, it } from 'vitest';
import { SimClock, civilOffsetMin } from '../../simulator/clock.ts';

const civilHour = (startMs: number, offsetMin: number) => new Date(startMs + offsetMin * 60_000).getUTCHours();

describe('the simulated clock', () => {
  it('lets a tick run when its wall time has come', () => {
    let now = 0;
    const clock = new SimClock(1_000_000, 10, () => now);
    expect(clock.waitMs(1000)).toBe(100);
    now = 100;
    expect(clock.waitMs(1000)).toBe(0);
    clock.advance(1000);
    expect(clock.simTimeMs).toBe(1_001_000);
    expect(clock.waitMs(1000)).toBe(100);
  });

  it('stands still while paused and goes on without catching up', () => {
    let now = 0;
    const clock = new SimClock(0, 1, () => now);
    clock.pause();
    expect([clock.waitMs(1000), clock.speed, clock.trueSpeed]).toEqual([Infinity, 0, 0]);
    now = 60_000;
    clock.resume();
    expect(clock.waitMs(1000)).toBe(1000);
  });

  it('slows down instead of dropping ticks when it cannot keep up, and shows the true speed', () => {
    let now = 0;
    const clock = new SimClock(0, 100, () => now);
    for (let tick = 0; tick < 200; tick++) {
      now += 50;
      clock.waitMs(1000);
      clock.advance(1000);
    }
    expect(clock.simTimeMs).toBe(200_000);
    expect(clock.speed).toBe(100);
    expect(clock.trueSpeed).toBeCloseTo(20, 1);
  });

  it('changes speed from where it is', () => {
    let now = 0;
    const clock = new SimClock(0, 1, () => now);
    now = 5000;
    clock.setSpeed(60);
    expect(clock.waitMs(6000)).toBe(100);
    clock.setSpeed('max');
    expect(clock.waitMs(6000)).toBe(0);
  });
});

describe('civil time at the start', () => {
  it('is never at night in the demo, whatever the hour, and shifts by whole hours only', () => {
    for (let minute = 0; minute < 1440; minute += 7) {
      const startMs = Date.UTC(2026, 10, 21) + minute * 60_000;
      const offset = civilOffsetMin('demo', startMs, 480);
      const hour = civilHour(startMs, offset);
      expect(hour).toBeGreaterThanOrEqual(6);
      expect(hour).toBeLessThan(21);
      expect((offset - 480) % 60).toBe(0);
      if (civilHour(startMs, 480) >= 21 || civilHour(startMs, 480) < 6) expect(hour).toBe(7);
      else expect(offset).toBe(480);
    }
  });
  it('is the city’s own with now, and as told with HH:MM', () => {
    const startMs = Date.UTC(2026, 10, 21, 3, 12);
    expect(civilOffsetMin('now', startMs, 480)).toBe(480);
    const at = new Date(startMs + civilOffsetMin('17:30', startMs, 480) * 60_000);
    expect([at.getUTCHours(), at.getUTCMinutes()]).toEqual([17, 30]);
    expect(() => civilOffsetMin('25:00', startMs, 480)).toThrow('25:00');
  });
});
