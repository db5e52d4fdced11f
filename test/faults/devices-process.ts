// The devices of the fault tests, as a process of their own: makes records at a steady rate, sends them, and writes down each one that was
// acknowledged. Started by devices.ts, which talks to it over the process channel; it knows nothing of the faults.
import { seeded } from '../broker/malformed.ts';
import { Gateway } from './gateway.ts';
import { Latencies } from './latency.ts';
import { LedgerFile } from './ledger.ts';
import type { DevicesPlan, DevicesState, Order } from './devices.ts';

const TICK_MS = 5;
/** A process that was held up makes up for this much and no more. */
const MAX_CATCH_UP_MS = 100;

const plan = JSON.parse(process.argv[2]!) as DevicesPlan;
const random = seeded(plan.seed);
const ledger = new LedgerFile(plan.ledger, Date.now());
const latencies = new Latencies();
const seqs = new Uint32Array(plan.devices);
const totals = { made: 0, acked: 0, held: 0, connects: 0, disconnects: 0 };
let ratePerS = 0;
let owed = 0;
let turn = 0;
let lastMs = performance.now();

const gateways = Array.from(
  { length: plan.connections },
  (_, at) =>
    new Gateway({
      port: plan.port,
      city: plan.city,
      window: plan.window,
      keepAliveS: plan.keepAliveS,
      payloadBytes: plan.payloadBytes,
      clientId: `${plan.name}-${at}`,
      ...(plan.login && { login: plan.login }),
      random,
      onAcked: ({ device, seq, ts, madeMs }) => {
        totals.acked++;
        ledger.add(device, seq, ts);
        latencies.addMs(performance.now() - madeMs);
      },
      onChunk: () => ledger.flush(),
      onUp: () => totals.connects++,
      onDown: (wasUp) => {
        if (wasUp) totals.disconnects++;
      },
    }),
);

setInterval(() => {
  const nowMs = performance.now();
  owed += (Math.min(nowMs - lastMs, MAX_CATCH_UP_MS) / 1000) * ratePerS;
  lastMs = nowMs;
  for (; owed >= 1; owed--) make(nowMs);
}, TICK_MS);

/** A device whose connection has no room left makes no record: it is held back, nothing is lost. */
function make(madeMs: number): void {
  const device = turn++ % plan.devices;
  const gateway = gateways[device % gateways.length]!;
  if (!gateway.hasRoom) {
    totals.held++;
    return;
  }
  totals.made++;
  gateway.send({ device, seq: ++seqs[device]!, ts: Date.now(), madeMs });
}

function state(): DevicesState {
  const unacked = gateways.reduce((sum, gateway) => sum + gateway.unacked, 0);
  return {
    ...totals,
    unacked,
    up: gateways.filter(({ isUp }) => isUp).length,
    ackMs: { count: 0, p50: 0, p99: 0, max: 0 },
  };
}

process.on('message', (order: Order) => {
  if (order.ratePerS !== undefined) {
    ratePerS = order.ratePerS;
    owed = 0;
  }
  process.send!({ ...state(), ...(order.mark && { ackMs: latencies.take() }) });
  if (order.end) {
    for (const gateway of gateways) gateway.stop();
    ledger.close();
    process.disconnect();
    setTimeout(() => process.exit(0), 500).unref();
    process.exitCode = 0;
  }
});
process.once('disconnect', () => process.exit(0));
