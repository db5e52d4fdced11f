// What the dispatch centre knows of a bus service, learned from telemetry alone: lines, their two ways, stops in the order in which buses
// serve them, and where each bus is. Data; `tracker.ts` fills it, `running-times.ts` predicts from it, policies read it.
import type { RunningTime } from './running-times.ts';

/** Progress of a bus whose wheels have just begun to turn, in stops. */
const JUST_LEFT = 0.01;

/** `standing` at a stop, `holding` there longer than it needs, `moving` between stops, `resting` at its terminal, `away`: out of service. */
export type BusState = 'standing' | 'holding' | 'moving' | 'resting' | 'broken' | 'away';

/** What a record said that was not known before. */
export type News = 'arrived' | 'departed' | 'moved' | 'withdrawn' | 'none';

export class Bus {
  readonly device: string;
  line: Line;
  side: Side;
  /** The stop at which it stands, or to which it drives. */
  stop: Stop;
  /** Position of that stop in its pattern, from 0. */
  sequence: number;
  state: BusState = 'away';
  /** Of its newest record. */
  news: News = 'none';
  trip = '';
  /** Newest record. */
  lastMs = -Infinity;
  seq = 0;
  /** Along the way of its trip; NaN while unknown. */
  alongM = Number.NaN;
  speedMps = Number.NaN;
  lat = Number.NaN;
  lon = Number.NaN;
  delayS = Number.NaN;
  load = 0;
  /** People that fit in: as load and occupancy told. */
  capacity = 80;
  /** Planned headway of its trip; NaN while unknown. */
  targetHeadwayS = Number.NaN;
  /** When it came to the stop where it stands; NaN elsewhere. */
  arrivedMs = Number.NaN;
  /** At that moment: since the bus ahead left the stop, 0 when that still stood there, NaN when nobody knows; and which bus that was. */
  gapS = Number.NaN;
  leader = '';
  /** At its newest departure: time since the bus ahead left the same stop, s, as it reported it; NaN when it did not. */
  headwayS = Number.NaN;
  /** Hold that was ordered for this visit, s. */
  holdS = 0;
  /** The stop it left last on this run, and when; undefined when nobody saw. */
  left: Stop | undefined;
  leftSequence = -1;
  leftMs = Number.NaN;
  /** Stops served on this run: tells a stop that a line serves twice from one that two patterns share. */
  readonly trail: Stop[] = [];
  /** When it was last asked for anything. */
  lastActionMs = -Infinity;

  constructor(device: string, side: Side, stop: Stop, sequence: number) {
    this.device = device;
    this.line = side.line;
    this.side = side;
    this.stop = stop;
    this.sequence = sequence;
  }

  /** At a stop with riders, whether it still needs to be there or not. */
  get atStop(): boolean {
    return this.state === 'standing' || this.state === 'holding';
  }
  /** On a trip and able to go on. */
  get inService(): boolean {
    return this.atStop || this.state === 'moving';
  }
  /** Share of the way to its stop that lies behind it, by where it is; NaN while unknown. */
  get legShare(): number {
    const fromM = (this.left ?? this.side.stops[this.sequence - 1])?.alongM ?? Number.NaN;
    const lengthM = this.stop.alongM - fromM;
    return lengthM > 0 ? (this.alongM - fromM) / lengthM : Number.NaN;
  }
  /** How far it is on its run, in stops: 3 at stop 3, 3.4 on the way from there to stop 4. */
  get progress(): number {
    if (this.state !== 'moving') return this.sequence;
    if (this.left === this.stop) return this.sequence + JUST_LEFT;
    const share = this.legShare;
    return this.sequence - 1 + (Number.isNaN(share) ? 0.5 : Math.min(0.99, Math.max(JUST_LEFT, share)));
  }
}

/** From one stop to the next. */
export interface Segment {
  readonly to: Stop;
  readonly time: RunningTime;
}

/** A stop of one way of a line; it belongs to all patterns that serve it. */
export class Stop {
  readonly id: string;
  /** Where the first pattern that was seen has it, from 0. */
  readonly sequence: number;
  /** NaN while unknown. */
  alongM = Number.NaN;
  lat = Number.NaN;
  lon = Number.NaN;
  lastDepartureMs = -Infinity;
  lastBus = '';
  /** Who came last and has not been seen to leave. */
  standing: Bus | undefined;
  readonly ahead: Segment[] = [];
  /** Usual dwell, and hold on top of it; NaN while unknown. */
  dwellS = Number.NaN;
  holdS = 0;
  /** People who come per second of headway; NaN while unknown. */
  boardedPerS = Number.NaN;
  /** Mean load of buses that leave; NaN while unknown. */
  leavingLoad = Number.NaN;
  /** Buses in a row that left more than a few people behind, and how many the last one did. */
  overfullRuns = 0;
  denied = 0;

  constructor(id: string, sequence: number) {
    this.id = id;
    this.sequence = sequence;
  }
}

/** One way of a line: `out` or `back`. */
export class Side {
  readonly line: Line;
  readonly direction: string;
  /** By sequence: the stop that the newest pattern has there. */
  readonly stops: (Stop | undefined)[] = [];
  readonly #byId = new Map<string, Stop[]>();
  /** When a bus last left the first stop. */
  lastStartMs = -Infinity;
  /** Usual speed from stop to stop with all halts, m/s; NaN while unknown. */
  speedMps = Number.NaN;

  /** Its buses go on from the last stop to the first without a rest. */
  isLoop = false;

  constructor(line: Line, direction: string) {
    this.line = line;
    this.direction = direction;
  }

  /** Highest sequence seen so far; -1 before any. */
  get lastSequence(): number {
    return this.stops.length - 1;
  }

  /** The stop of this name at this place of a pattern; learned when new. bus: who serves it. */
  stopAt(id: string, sequence: number, bus: Bus | undefined): Stop {
    const usual = this.stops[sequence];
    if (usual !== undefined && usual.id === id) return usual;
    const known = this.#byId.get(id);
    // Served earlier on the same run: a line that passes twice, like a loop at its end.
    const stop =
      known?.find((candidate) => candidate.sequence === sequence) ??
      known?.find((candidate) => bus === undefined || !bus.trail.includes(candidate)) ??
      new Stop(id, sequence);
    if (known === undefined) this.#byId.set(id, [stop]);
    else if (!known.includes(stop)) known.push(stop);
    while (this.stops.length < sequence) this.stops.push(undefined);
    this.stops[sequence] = stop;
    return stop;
  }

  /** Where buses go from this stop, at this place of their pattern; undefined at the end and where nobody has gone on yet. */
  next(stop: Stop, sequence: number): Stop | undefined {
    if (sequence >= this.lastSequence) return this.isLoop ? this.stops[0] : undefined;
    const usual = this.stops[sequence + 1];
    for (const { to } of stop.ahead) if (to === usual) return usual;
    return stop.ahead[0]?.to ?? usual;
  }
}

export class Line {
  readonly id: string;
  readonly out: Side;
  readonly back: Side;
  readonly buses = new Set<Bus>();
  /** Planned headway, as its buses last reported it; NaN while unknown. */
  targetHeadwayS = Number.NaN;
  /** Mean of the headways that its buses reported; NaN while unknown. */
  headwayS = Number.NaN;
  lastMs = -Infinity;

  constructor(id: string) {
    this.id = id;
    this.out = new Side(this, 'out');
    this.back = new Side(this, 'back');
  }

  opposite(side: Side): Side {
    return side === this.out ? this.back : this.out;
  }
}
