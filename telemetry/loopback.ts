// Whether an address is this machine's own, so that nobody else reaches it. It looks no names up: what is not certainly loopback is not.

/** An address as it is listened on or connected from, without brackets; IPv4 also as IPv6 maps it. Of names `localhost` only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  const octets = /^(?:::ffff:)?127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(host)?.slice(1);
  return octets?.every((octet) => Number(octet) <= 255) ?? false;
}
