// The broker's numbers for Prometheus, in its text format (version 0.0.4). No label per client or topic: those are without bound. Who serves
// the text is the caller's business.
import type { LinkState } from './ingest-link.ts';
import type { StatusTotals } from './status.ts';
import type { BrokerTotals } from './tally.ts';

export interface Counted {
  counters(): BrokerTotals;
  status(): StatusTotals;
  ingestLink(): LinkState | undefined;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number | { readonly [cause: string]: number };
}

/** `citytwin_broker_…`: units last, counters end in `_total`. */
export function metricsText(broker: Counted): string {
  const link = broker.ingestLink();
  const metrics = [...metricsOf(broker.counters(), broker.status()), ...(link ? metricsOfLink(link) : [])];
  return metrics.map(textOf).join('');
}

function total(name: string, help: string, value: Metric['value']): Metric {
  return { name: `${name}_total`, help, type: 'counter', value };
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', value };
}

function metricsOf(counters: BrokerTotals, status: StatusTotals): Metric[] {
  return [
    total('in', 'Telemetry and events accepted', counters.in),
    total('refused', 'Connections, publishes and filters refused, by cause', counters.refusedByCause),
    total('messages_received', 'MQTT packets received', status.messagesReceived),
    total('messages_sent', 'MQTT packets sent', status.messagesSent),
    total('publishes_received', 'PUBLISH packets received', status.publishesReceived),
    total('publishes_sent', 'PUBLISH packets sent', status.publishesSent),
    total('publishes_dropped', 'Not sent: subscriber too slow, or its session full', status.publishesDropped),
    total('received_bytes', 'Received, TLS and WebSocket frames included', status.bytesReceived),
    total('sent_bytes', 'Sent, TLS and WebSocket frames included', status.bytesSent),
    total('connections', 'Connections accepted', status.sockets),
    total('sessions_expired', 'Sessions ended because nobody came back in time', status.clientsExpired),
    total('sessions_displaced', 'Sleeping sessions ended to make room for others', status.sessionsDisplaced),
    gauge('connections_open', 'Open connections, those without CONNECT included', status.connections),
    gauge('clients', 'Clients connected', status.clientsConnected),
    gauge('clients_max', 'Most clients connected at once', status.clientsMaximum),
    gauge('sessions_sleeping', 'Sessions whose client is away', status.clientsDisconnected),
    gauge('subscriptions', 'Subscriptions of connected clients', status.subscriptions),
    gauge('retained_messages', 'Retained messages', status.retainedMessages),
    gauge('retained_bytes', 'Topics and payloads of retained messages', status.retainedBytes),
    gauge('queued_messages', 'Waiting for clients whose session outlives their connection', status.queuedMessages),
    gauge('queued_bytes', 'What those messages take', status.queuedBytes),
    gauge('uptime_seconds', 'Since the start of the broker', status.uptimeS),
  ];
}

function metricsOfLink({ isUp, isFull, records, bytes, oldestMs, resent }: LinkState): Metric[] {
  return [
    gauge('ingest_link_up', '1 when an api takes the records that await its acknowledgement', isUp ? 1 : 0),
    gauge('ingest_link_full', '1 when so many wait that nobody who publishes is read', isFull ? 1 : 0),
    gauge('ingest_link_records', 'Records that the api has not acknowledged', records),
    gauge('ingest_link_bytes', 'What those take', bytes),
    gauge('ingest_link_oldest_seconds', 'How long the oldest of them has waited', oldestMs / 1000),
    total('ingest_link_resent', 'Records sent again after a reconnect of the api', resent),
  ];
}

function textOf({ name, help, type, value }: Metric): string {
  const full = `citytwin_broker_${name}`;
  const values =
    typeof value === 'number'
      ? [`${full} ${value}`]
      : Object.entries(value).map(([cause, count]) => `${full}{cause="${cause}"} ${count}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...values, ''].join('\n');
}
