// Why a target cannot be reached or lets nobody in, in words, with what to change. Knows the causes that sockets, TLS, WebSocket and devices
// name; it tries nothing.
import { shownPath } from './address.ts';
import type { Target } from './plan.ts';

/** The target, or what was said about it, is wrong: nothing was measured. */
export class TargetError extends Error {}

/** OpenSSL's names (`verify` in its manual) as Node hands them on: nobody whom we trust signed the certificate of the broker. */
const UNTRUSTED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_SIGNATURE_FAILURE)$/;
/** What a connection dies of that the other side does not understand. */
const MISUNDERSTOOD =
  /^(ECONNRESET|EPIPE|EPROTO|closed by the broker|socket hang up|Parse Error.*|HPE_.*|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|malformed packet.*)$/;
/** With a certificate the alert is about it, without one about its absence (RFC 8446, 6.2; TLS 1.2 says handshake failure). */
const IDENTITY =
  /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(UNKNOWN|EXPIRED|REVOKED))|^ERR_SSL_(SSLV3_ALERT_)?HANDSHAKE_FAILURE$/;

const SPEAKS: { readonly [transport in Target['transport']]: string } = {
  tcp: 'MQTT over plain TCP (mqtt://), not TLS (mqtts://) or WebSocket (ws://)',
  tls: 'TLS (mqtts://)',
  ws: 'WebSocket without TLS (ws://)',
  wss: 'WebSocket with TLS (wss://)',
};

/** cause: what ended the attempt → the same, and in words what it means where that is known. source: the address it was made from. */
export function explained(cause: string, target: Target, source?: string): string {
  const meaning = meaningOf(cause, target, source);
  return meaning === undefined ? cause : `${cause}: ${meaning}`;
}

function meaningOf(cause: string, target: Target, source: string | undefined): string | undefined {
  const { ca, cert, username, version, host, path, transport } = target;
  if (cause === 'ECONNREFUSED') return 'nobody listens there';
  if (cause === 'ENOTFOUND' || cause === 'EAI_AGAIN') return 'no such host is known';
  if (cause === 'EHOSTUNREACH' || cause === 'ENETUNREACH') return 'no way leads there';
  if (cause === 'ETIMEDOUT') return 'nobody answers there';
  if (cause === 'EADDRNOTAVAIL' || cause === 'EINVAL')
    return source === undefined ? undefined : `--source ${source} is no address to connect from, on this machine`;
  if (UNTRUSTED.test(cause))
    return `${ca ? 'nobody in --ca' : 'nobody known'} signed the broker's certificate; expected --ca with who did, or --insecure`;
  if (cause === 'CERT_HAS_EXPIRED') return "the broker's certificate is too old; expected a new one, or --insecure";
  if (cause === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the broker's certificate is not for ${host}; expected a name that it has, or --insecure`;
  if (IDENTITY.test(cause))
    return cert
      ? 'the broker does not accept the certificate of --cert'
      : 'the broker wants a certificate of the devices; expected --cert and --key';
  if (cause.startsWith('Unexpected server response: '))
    return `expected MQTT over WebSocket at ${shownPath(path)}; brokers differ in the path`;
  if (MISUNDERSTOOD.test(cause)) return `does that port speak ${SPEAKS[transport]}?`;
  if (cause.startsWith('no CONNACK')) return 'somebody listens there, but is it an MQTT broker?';
  if (cause === 'refused: unacceptable protocol version')
    return `the broker does not speak MQTT ${version}; expected -V ${version === '5' ? '3.1.1' : '5'}`;
  if (/^refused: (not authorized|bad user name or password)$/.test(cause) && username === undefined)
    return 'expected --user and --password-file';
  return undefined;
}
