// The one clock of a load run: CLOCK_MONOTONIC, which is the same for all threads and processes of a host. It knows nothing of other hosts.

/** Nanoseconds since an unknown moment; whole up to 104 days of uptime, then to 2 ns. Source: process.hrtime, uv_hrtime(3). */
export function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}
