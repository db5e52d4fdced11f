// The records that are measured: a vehicle's tracker, 118 bytes of JSON each. A record is a pure function of its device and number, so that
// whoever replays it writes the same values; all are of one length, so that they are made by writing digits into their places.
import type { Description } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

export const CITY = 'wuxi';
export const TRACKER: Description = {
  kind: 'tracker',
  label: 'Tracker of a vehicle',
  fields: {
    lat: { label: 'Latitude', unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    lon: { label: 'Longitude', unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    speedMps: { label: 'Speed', unit: 'm/s', min: 0, max: 50, resolution: 0.01 },
    headingDeg: { label: 'Heading', unit: 'deg', min: 0, max: 360, resolution: 1 },
    doorOpen: { label: 'Door open', unit: '', type: 'boolean' },
  },
};
/** Seven digits, like all that follow: up to 9,999,999. */
export const FIRST_SEQ = 1_000_000;

const TEMPLATE =
  '{"ts":1700000000000,"seq":1000000,"lat":31.5711000,"lon":120.3011000,"headingDeg":100,"speedMps":10.0,"doorOpen":false}';
const AT = {
  ts: placeOf('ts'),
  seq: placeOf('seq'),
  latTail: placeOf('lat') + '31.571'.length,
  lonTail: placeOf('lon') + '120.301'.length,
  speed: placeOf('speedMps'),
  heading: placeOf('headingDeg'),
};
const ZERO = 48;
/** From the tenths of the speed on: a digit more where there is a letter less. */
const CLOSED = Buffer.from('0,"doorOpen":false}');
const OPEN = Buffer.from('05,"doorOpen":true}');

export const PAYLOAD = Buffer.from(TEMPLATE);

/** Four digits; the number of a device is 0 … 9,999. */
export function deviceName(device: number): string {
  return `car-${String(device).padStart(4, '0')}`;
}

/** ts: ms since 1970. seq: from FIRST_SEQ on. */
export function recordOf(device: number, ts: number, seq: number): TelemetryRecord {
  const fields = {
    lat: Number(`31.571${latTail(device, seq)}`),
    lon: Number(`120.301${lonTail(device, seq)}`),
    headingDeg: headingDeg(device, seq),
    speedMps: Number(`${(speedTenths(device, seq) / 10).toFixed(1)}${isOpen(seq) ? '5' : ''}`),
    doorOpen: isOpen(seq),
  };
  return { kind: TRACKER.kind, device: deviceName(device), ts, seq, fields };
}

/** The record into a copy of PAYLOAD that begins at `at`. */
export function putRecord(bytes: Buffer, at: number, device: number, ts: number, seq: number): void {
  putDigits(bytes, at + AT.ts, 13, ts);
  putDigits(bytes, at + AT.seq, 7, seq);
  putDigits(bytes, at + AT.latTail, 4, latTail(device, seq));
  putDigits(bytes, at + AT.lonTail, 4, lonTail(device, seq));
  const tenths = speedTenths(device, seq);
  putDigits(bytes, at + AT.speed, 2, Math.floor(tenths / 10));
  bytes.set(isOpen(seq) ? OPEN : CLOSED, at + AT.speed + 3);
  bytes[at + AT.speed + 3] = ZERO + (tenths % 10);
  putDigits(bytes, at + AT.heading, 3, headingDeg(device, seq));
}

// Every number has as many digits as any other of its field.
function latTail(device: number, seq: number): number {
  return 1000 + ((device * 37 + seq * 7919) % 9000);
}
function lonTail(device: number, seq: number): number {
  return 1000 + ((device * 101 + seq * 6151) % 9000);
}
function speedTenths(device: number, seq: number): number {
  return 100 + ((device + seq * 13) % 200);
}
function headingDeg(device: number, seq: number): number {
  return 100 + ((device * 11 + seq * 7) % 260);
}
function isOpen(seq: number): boolean {
  return seq % 10 === 0;
}

function placeOf(name: string): number {
  return TEMPLATE.indexOf(`"${name}":`) + name.length + 3;
}

function putDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const next = Math.floor(rest / 10);
    bytes[place] = ZERO + (rest - next * 10);
    rest = next;
  }
}
