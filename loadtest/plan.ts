// What a load run does: target, devices, offered load, length. Plain data, so that it travels to worker threads and processes and stands in
// the report; how a profile turns into devices is in profiles/.

export const PROFILES = [
  'connect',
  'publish',
  'fan-out',
  'p2p',
  'shared',
  'persistent',
  'retained',
  'reconnect-storm',
  'city',
] as const;
export type ProfileName = (typeof PROFILES)[number];

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss';
  /** Of the WebSocket. */
  readonly path: string;
  /** `%i` is the index of the device, `%c` its client id. */
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The broker's certificate is not checked. */
  readonly insecure: boolean;
  readonly version: '3.1.1' | '5';
  /** Source addresses in turn: one of them gives some 28,000 connections to one port. Empty: the system chooses. */
  readonly sources: readonly string[];
}

/** When messages are meant to leave, over all publishers together. */
export type Schedule =
  | { readonly kind: 'constant' | 'poisson'; readonly perS: number }
  | { readonly kind: 'ramp'; readonly fromPerS: number; readonly toPerS: number }
  /** As recorded: frames with their offsets, see spool.ts. */
  | { readonly kind: 'spool'; readonly file: string; readonly speed: number };

export interface Plan {
  readonly profile: ProfileName;
  /** Name of the preset it came from. */
  readonly preset?: string;
  readonly target: Target;
  /** Devices that connect, publishers and subscribers among them; more than both together: the others are idle. */
  readonly connections: number;
  readonly publishers: number;
  readonly subscribers: number;
  readonly connectPerS: number;
  readonly schedule: Schedule;
  /** Pattern of the topic a publisher sends to: `%i` its index, `%c` its client id. */
  readonly topic: string;
  /** Client ids are this and the index. */
  readonly clientPrefix: string;
  readonly qos: 0 | 1 | 2;
  readonly subscribeQos: 0 | 1 | 2;
  /** Of a payload; at least HEADER_BYTES of payload.ts. */
  readonly sizeBytes: number;
  readonly retain: boolean;
  readonly keepAliveS: number;
  /** False: sessions outlive their connection, and `persistent` sends while subscribers are away. */
  readonly cleanSession: boolean;
  /** Un-acknowledged QoS 1 and 2 publishes a connection may have; more wait, and their latency counts on. */
  readonly window: number;
  /** Sent like the rest, measured by nobody. */
  readonly warmUpS: number;
  readonly durationS: number;
  /** How long to wait for what is on its way after the last message. */
  readonly drainS: number;
  /** Of the Poisson process, and of how long each device waits before it tries again. */
  readonly seed: number;
  /** Worker threads that send. */
  readonly workers: number;
  /** Receivers in a process of their own. */
  readonly receiverProcess: boolean;
}
