// Answers for Aedes, which asks its memory with promises: these call back at once. With a promise they would come a turn later, and a message
// that was numbered later and delivered earlier would make Aedes take the first one for a repetition.

export function settled<T>(value: T): PromiseLike<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- see above
  const answer = { then: (onValue: (value: T) => unknown) => (onValue(value), answer) };
  return answer as unknown as PromiseLike<T>;
}

export function failed(error: Error): PromiseLike<never> {
  // oxlint-disable-next-line unicorn/no-thenable -- see above
  const answer = { then: (_: unknown, onError: (error: Error) => unknown) => (onError(error), answer) };
  return answer as unknown as PromiseLike<never>;
}
