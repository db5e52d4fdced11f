// YAML text in, plain data out, and where in the text each value stands. Made for files of strangers: no aliases, anchors, tags, merge keys
// or several documents, nothing recursive, a limit on everything. Does not know what a scenario is.
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, ParsedNode } from 'yaml';
import { MAX_DEPTH, keyProblem } from './plain.ts';
import { MAX_PROBLEMS, excerptOf } from './problems.ts';
import type { Path, ScenarioProblem } from './problems.ts';

export const MAX_FILE_BYTES = 262_144;

export interface ParsedText {
  /** Plain data; undefined when there is nothing sensible. */
  readonly value: unknown;
  readonly problems: ScenarioProblem[];
  /** A problem of the value, or of its key, at a path; of what is above it where it is missing. offset: into the text of a value. */
  problemAt(path: Path, message: string, at?: 'value' | 'key', offset?: number): ScenarioProblem;
}

type Node = ParsedNode | null;

export function parseText(text: string, file: string): ParsedText {
  const reader = new Reader(text, file);
  return {
    value: reader.value(),
    problems: reader.problems,
    problemAt: (path, message, at = 'value', offset = 0) => reader.problemAt(path, message, at, offset),
  };
}

class Reader {
  readonly problems: ScenarioProblem[] = [];
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  #document: Document.Parsed | undefined;

  constructor(text: string, file: string) {
    this.#text = text.replace(/^\uFEFF/, '');
    this.#file = file;
  }

  value(): unknown {
    const bytes = new TextEncoder().encode(this.#text).length;
    if (bytes > MAX_FILE_BYTES) {
      this.problems.push({
        file: this.#file,
        message: `a scenario has at most ${MAX_FILE_BYTES} bytes, got ${bytes}`,
      });
      return undefined;
    }
    // Keys are compared here and not by the parser, whose comparison takes quadratic time.
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: true,
      logLevel: 'error',
    });
    this.#document = document;
    for (const { message, pos, code } of document.errors.slice(0, MAX_PROBLEMS + 1))
      this.#problem(pos[0], this.#syntaxMessage(message, pos[0], code));
    return document.errors.length > 0 ? undefined : this.#plain(document.contents, 0);
  }

  problemAt(path: Path, message: string, at: 'value' | 'key', offset: number): ScenarioProblem {
    let node: Node = this.#document?.contents ?? null;
    let start = node?.range?.[0] ?? 0;
    for (const [depth, part] of path.entries()) {
      const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === part) : undefined;
      const child = pair?.value ?? (isSeq(node) && typeof part === 'number' ? node.items[part] : undefined);
      const key = pair?.key.range[0];
      if (child === undefined && key === undefined) break;
      node = child ?? null;
      const wantsKey = at === 'key' && depth === path.length - 1;
      start = (wantsKey ? key : undefined) ?? child?.range?.[0] ?? key ?? start;
    }
    return this.#at(start + this.#inside(node, offset), message);
  }

  /** Where a character of a text stands, if it stands as it is: not in a block, not across lines, nothing escaped. */
  #inside(node: Node, offset: number): number {
    if (offset === 0 || !isScalar(node) || typeof node.value !== 'string') return 0;
    const quote = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : 0;
    const [start] = node.range;
    const asIs = this.#text.startsWith(node.value, start + quote);
    return asIs ? quote + offset : 0;
  }

  #plain(node: Node, depth: number): unknown {
    if (node === null) return null;
    const start = node.range[0];
    if (isAlias(node)) return this.#problem(start, 'aliases are not supported: write the value out');
    if (node.anchor !== undefined) this.#problem(start, `anchors are not supported: remove &${node.anchor}`);
    if (node.tag !== undefined) return this.#problem(start, tagMessage(node.tag));
    if (depth > MAX_DEPTH) return this.#problem(start, `nested deeper than ${MAX_DEPTH} levels`);
    if (isScalar(node)) {
      const infinite = typeof node.value === 'number' && !Number.isFinite(node.value);
      return infinite ? this.#problem(start, `expected a finite number, got ${String(node.value)}`) : node.value;
    }
    if (isSeq(node)) return node.items.map((item) => this.#plain(item as Node, depth + 1));
    const object: { [key: string]: unknown } = {};
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const refused =
        !isScalar(key) || key.anchor !== undefined || key.tag !== undefined ? 'keys are plain words' : keyProblem(name);
      const problem = refused ?? (seen.has(name) ? `the key ${name} is there twice` : undefined);
      if (problem !== undefined) this.#problem(key?.range[0] ?? start, problem);
      else object[name] = this.#plain(value, depth + 1);
      seen.add(name);
    }
    return object;
  }

  #syntaxMessage(message: string, position: number, code: string): string {
    if (code === 'MULTIPLE_DOCS') return 'one file holds one scenario: remove the second ---';
    const { excerpt = '' } = this.#at(position, '');
    const unquoted = /\bop:\s*(>=?)/.exec(excerpt);
    if (unquoted !== null) return `quote the operator: op: '${unquoted[1]}'`;
    if (message.includes('call stack')) return 'nested too deeply';
    return message;
  }

  #problem(position: number, message: string): null {
    this.problems.push(this.#at(position, message));
    return null;
  }

  #at(position: number, message: string): ScenarioProblem {
    const { line, col } = this.#lines.lineStarts.length === 0 ? { line: 1, col: 1 } : this.#lines.linePos(position);
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const end = this.#text.indexOf('\n', start);
    const row = this.#text.slice(start, end < 0 ? undefined : end);
    const excerpt = excerptOf(row, col).replace(/\r$/, '');
    return { file: this.#file, line, column: col, excerpt, message };
  }
}

function tagMessage(tag: string): string {
  if (tag === '!=') return "quote the operator: op: '!='";
  return `tags are not supported: remove ${tag}`;
}
