// Who is on which lane, in driving order: a linked list per lane in typed arrays. Knows order, not motion.

export const NOBODY = -1;

export class Lanes {
  /** The vehicle that entered each lane last, NOBODY when empty. */
  readonly last: Int32Array;
  /** The vehicle in front of and behind each vehicle on its lane. */
  readonly ahead: Int32Array;
  readonly behind: Int32Array;
  /** Lane of each vehicle, NOBODY when off the street. */
  readonly of: Int32Array;

  constructor(laneCount: number, vehicles: number) {
    this.last = new Int32Array(laneCount).fill(NOBODY);
    this.ahead = new Int32Array(vehicles).fill(NOBODY);
    this.behind = new Int32Array(vehicles).fill(NOBODY);
    this.of = new Int32Array(vehicles).fill(NOBODY);
  }

  /** Puts a vehicle on a lane right behind `ahead`; NOBODY: at the very front. */
  insert(vehicle: number, lane: number, ahead: number): void {
    const behind = ahead === NOBODY ? this.first(lane) : this.behind[ahead]!;
    this.of[vehicle] = lane;
    this.ahead[vehicle] = ahead;
    this.behind[vehicle] = behind;
    if (ahead !== NOBODY) this.behind[ahead] = vehicle;
    if (behind === NOBODY) this.last[lane] = vehicle;
    else this.ahead[behind] = vehicle;
  }

  remove(vehicle: number): void {
    const lane = this.of[vehicle]!;
    const ahead = this.ahead[vehicle]!;
    const behind = this.behind[vehicle]!;
    if (ahead !== NOBODY) this.behind[ahead] = behind;
    if (behind === NOBODY) this.last[lane] = ahead;
    else this.ahead[behind] = ahead;
    this.of[vehicle] = NOBODY;
    this.ahead[vehicle] = NOBODY;
    this.behind[vehicle] = NOBODY;
  }

  /** Who drives at the very front of a lane. */
  first(lane: number): number {
    let vehicle = this.last[lane]!;
    while (vehicle !== NOBODY && this.ahead[vehicle] !== NOBODY) vehicle = this.ahead[vehicle]!;
    return vehicle;
  }
}
