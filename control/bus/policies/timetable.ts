// Timetable at the terminals only: the terminals release buses in the order in which they are ready, and nobody interferes under way.
// What every other policy is compared with.
import type { Policy } from '../policy.ts';

export function timetable(): Policy {
  return { name: 'timetable' };
}
