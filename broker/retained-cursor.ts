// Sends retained messages to a new subscription one at a time, each as it is when its turn comes: a stream reads ahead, and what it holds may be
// replaced, and the new one delivered, before it is sent. When the next one may go is decided by who takes them (delivery.ts).
/* oxlint-disable no-underscore-dangle -- a name of streams */

/** The part of Aedes' stream of retained messages that takes them: calls done when it can take the next. */
interface Taker<Message> {
  _transform(message: Message, encoding: string, done: () => void): void;
}

/** Has the one method of a stream that Aedes uses. */
export class RetainedCursor<Message> {
  readonly #messages: Iterator<Message>;

  constructor(messages: Iterator<Message>) {
    this.#messages = messages;
  }

  pipe(taker: Taker<Message>): void {
    let isReady = true;
    let isSending = false;
    const sendReady = (): void => {
      isSending = true;
      while (isReady) {
        const next = this.#messages.next();
        if (next.done) break;
        isReady = false;
        taker._transform(next.value, 'utf8', done);
      }
      isSending = false;
    };
    const done = (): void => {
      isReady = true;
      if (!isSending) sendReady(); // else the loop goes on, without a deeper stack
    };
    sendReady();
  }
}
