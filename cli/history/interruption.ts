// How a command that ends by itself is ended early: Ctrl-C or SIGTERM once, and it cleans up; twice, and it is over.

/** What shells say of a command that was ended by Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

/** Aborts at the first signal. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
