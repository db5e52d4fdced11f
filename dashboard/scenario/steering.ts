// Pause, resume and speed: sends the commands and shows their effect before the next clock message says so.
import { signal } from '@preact/signals';
import { postJson } from '../rest.ts';
import { clock } from '../session.ts';
import { stepSpeed, type Speed } from './speed.ts';

/** What went wrong with the newest command, in the server's words. */
export const steeringProblem = signal<string | null>(null);
/** What runs again after a pause. */
export const speedBeforePause = signal<Speed>(1);

export function togglePause(): void {
  void send(clock.value?.speed === 0 ? 'resume' : 'pause');
}

/** Also lets a paused city run: who chooses a speed wants to see it. */
export function setSpeed(speed: Speed): void {
  const paused = clock.value?.speed === 0;
  void send('speed', speed).then((done) => {
    if (done && paused) void send('resume');
  });
}

/** One step faster or slower than what was asked for last. */
export function shiftSpeed(direction: 1 | -1): void {
  const now = requestedSpeed();
  const next = stepSpeed(now, direction);
  if (next !== now) setSpeed(next);
}

/** What was asked for; while paused what will run again. */
export function requestedSpeed(): Speed {
  const speed = clock.value?.speed ?? 1;
  return speed === 0 ? speedBeforePause.value : speed;
}

async function send(name: 'pause' | 'resume' | 'speed', speed?: Speed): Promise<boolean> {
  try {
    await postJson('/api/scenario', { name, args: speed === undefined ? {} : { speed } });
    steeringProblem.value = null;
    show(name === 'pause' ? 0 : (speed ?? speedBeforePause.value));
    return true;
  } catch (error) {
    steeringProblem.value = (error as Error).message;
    return false;
  }
}

/** The command is done: a second key press before the next clock message means the opposite. */
function show(speed: Speed): void {
  if (clock.value === null) return;
  if (speed === 0 && clock.value.speed !== 0) speedBeforePause.value = clock.value.speed;
  if (speed !== 0) speedBeforePause.value = speed;
  clock.value = { ...clock.value, speed };
}
