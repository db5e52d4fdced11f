// One line on a terminal that says how far a long job is; plain lines now and then where nobody watches; nothing with `--json`.
import { clearLine, cursorTo } from 'node:readline';

const REDRAW_MS = 200;
const PLAIN_EVERY_MS = 10_000;
/** Shorter jobs show nothing. */
const PATIENCE_MS = 1000;

export interface Progress {
  /** share: 0…1, undefined when the end is not known; text: what is being done. */
  show(share: number | undefined, text: string): void;
  /** Clears the line. */
  end(): void;
}

export function createProgress(quiet: boolean): Progress {
  const out = process.stderr;
  const started = performance.now();
  let shownMs = started;
  let drawn = false;
  return {
    show(share, text) {
      const nowMs = performance.now();
      if (quiet || nowMs - started < PATIENCE_MS) return;
      if (nowMs - shownMs < (out.isTTY ? REDRAW_MS : PLAIN_EVERY_MS)) return;
      shownMs = nowMs;
      const line = share === undefined ? text : `${String(Math.floor(share * 100)).padStart(3)} %  ${text}`;
      if (!out.isTTY) {
        out.write(`${line}\n`);
        return;
      }
      cursorTo(out, 0);
      out.write(line.slice(0, (out.columns ?? 80) - 1));
      clearLine(out, 1);
      drawn = true;
    },
    end() {
      if (!drawn) return;
      cursorTo(out, 0);
      clearLine(out, 0);
    },
  };
}
