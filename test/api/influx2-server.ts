// A strict stand-in for an InfluxDB 2.x server, written from its public API reference and source (2.7, main-2.x): the checks of a request in
// their order, their status codes and texts. Points lie in a real InfluxDB 1.x, which also answers the InfluxQL; Flux, deletes and users
// are left out.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { parseLines } from './influx2-lines.ts';
import type { FieldKind, Point } from './influx2-lines.ts';

export interface Influx2Server {
  readonly url: string;
  readonly org: string;
  /** May do everything. */
  readonly token: string;
  /** One more token, which may read and write the named buckets and see their mappings, and nothing else. */
  tokenFor(...buckets: string[]): string;
  readonly seen: { writes: number; lines: number; bytes: number; zipped: number };
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly mappings: readonly Mapping[];
  stop(): void;
}

interface Bucket {
  readonly id: string;
  readonly orgID: string;
  readonly name: string;
  retentionRules: readonly object[];
}
interface Mapping {
  readonly id: string;
  readonly database: string;
  readonly retention_policy: string;
  readonly default: boolean;
  readonly virtual: boolean;
  readonly orgID: string;
  readonly bucketID: string;
}
interface Rights {
  readonly all: boolean;
  readonly buckets: ReadonlySet<string>;
}
interface Call {
  readonly path: string;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly request: IncomingMessage;
  readonly rights: Rights;
}

const ORG = { id: '0a1b2c3d4e5f6071', name: 'wuxi' };
const STATUS: { readonly [code: string]: number } = {
  invalid: 400,
  'empty value': 400,
  unauthorized: 401,
  forbidden: 403,
  'not found': 404,
  'method not allowed': 405,
  'request too large': 413,
  conflict: 422,
  'unprocessable entity': 422,
  'internal error': 500,
};

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @param influxd address of an InfluxDB 1.x; databases are named after buckets' ids */
export async function startInflux2(influxd: string): Promise<Influx2Server> {
  const standIn = new StandIn(influxd);
  const server = createServer((request, response) => void standIn.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    org: ORG.name,
    token: standIn.tokenFor(true),
    tokenFor: (...buckets) => standIn.tokenFor(false, buckets),
    seen: standIn.seen,
    buckets: standIn.buckets,
    mappings: standIn.mappings,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

class StandIn {
  readonly #influxd: string;
  readonly seen = { writes: 0, lines: 0, bytes: 0, zipped: 0 };
  /** By name. */
  readonly buckets = new Map<string, Bucket>();
  readonly mappings: Mapping[] = [];
  readonly #tokens = new Map<string, Rights>();
  readonly #types = new Map<string, FieldKind>();
  #nextId = 1;

  constructor(influxd: string) {
    this.#influxd = influxd;
  }

  tokenFor(all: boolean, buckets: readonly string[] = []): string {
    const token = `${all ? 'all' : 'some'}-${this.#id()}==`;
    this.#tokens.set(token, { all, buckets: new Set(buckets) });
    return token;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url!, 'http://x');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader('X-Influxdb-Build', 'OSS').setHeader('X-Influxdb-Version', 'v2.7.0');
    const method = request.method!;
    try {
      if (path === '/ping') return void response.writeHead(204).end();
      if (path === '/health')
        return json(response, 200, { name: 'influxdb', message: 'ready for queries and writes', status: 'pass' });
      const rights = this.#rights(path, request.headers.authorization);
      await this.#answer({ path, method, query, body: Buffer.concat(chunks), request, rights }, response);
    } catch (error) {
      const code = error instanceof Refusal ? error.code : 'internal error';
      const message = error instanceof Refusal ? error.message : 'An internal error has occurred - check server logs';
      response.setHeader('X-Platform-Error-Code', code);
      json(response, STATUS[code]!, { code, message });
    }
  }

  #rights(path: string, header = ''): Rights {
    const [, scheme = '', credentials = ''] = /^(\w+) (.+)$/.exec(header) ?? [];
    // The 1.x addresses do not know Bearer.
    const schemes = path.startsWith('/api/v2/') ? ['token', 'bearer'] : ['token'];
    const rights = schemes.includes(scheme.toLowerCase()) ? this.#tokens.get(credentials) : undefined;
    if (!rights) throw new Refusal('unauthorized', 'unauthorized access');
    return rights;
  }

  async #answer(call: Call, response: ServerResponse): Promise<void> {
    const { path, method } = call;
    if (path === '/api/v2/write' && method === 'POST') return this.#write(call, response);
    if (path === '/query') return this.#query(call, response);
    if (path === '/api/v2/orgs' && method === 'GET') return this.#orgs(call, response);
    if (path === '/api/v2/buckets' && method === 'GET') return this.#listBuckets(call, response);
    if (path === '/api/v2/buckets' && method === 'POST') return this.#makeBucket(call, response);
    if (path.startsWith('/api/v2/buckets/') && method === 'PATCH') return this.#changeBucket(call, response);
    if (path === '/api/v2/dbrps' && method === 'GET') return this.#listMappings(call, response);
    if (path === '/api/v2/dbrps' && method === 'POST') return this.#makeMapping(call, response);
    throw new Refusal('not found', 'path not found');
  }

  async #write({ query, request, body, rights }: Call, response: ServerResponse): Promise<void> {
    const precision = query.get('precision') ?? 'ns';
    if (!['ns', 'us', 'ms', 's'].includes(precision))
      throw new Refusal('invalid', 'invalid precision; valid precision units are ns, us, ms, and s');
    const name = query.get('bucket');
    if (!name) throw new Refusal('not found', 'bucket not found');
    this.#orgOf(query);
    const bucket = this.buckets.get(name) ?? [...this.buckets.values()].find(({ id }) => id === name);
    if (!bucket) throw new Refusal('not found', `bucket "${name}" not found`);
    if (!mayUse(rights, bucket)) throw new Refusal('forbidden', 'insufficient permissions for write');
    // A stream that is none is a Go error of no known code: 500.
    const zipped = /^(x-)?gzip$/.test(request.headers['content-encoding'] ?? '');
    const text = (zipped ? gunzipSync(body) : body).toString();
    this.seen.writes++;
    this.seen.bytes += body.length;
    if (zipped) this.seen.zipped++;
    const { points, errors } = parseLines(text, precision);
    if (errors.length > 0) throw new Refusal('invalid', errors.join('\n'));
    this.seen.lines += points.length;
    const { good, conflict } = this.#typed(bucket, points);
    await this.#store(bucket, good, precision === 'us' ? 'u' : precision);
    if (conflict !== undefined) {
      const dropped = points.length - good.length;
      throw new Refusal(
        'unprocessable entity',
        `failure writing points to database: partial write: ${conflict} dropped=${dropped}`,
      );
    }
    response.writeHead(204).end();
  }

  /** The first value of a field gives it its type; points that disagree are dropped, one reason is told. */
  #typed(bucket: Bucket, points: readonly Point[]): { good: Point[]; conflict?: string } {
    let conflict: string | undefined;
    const good = points.filter(({ measurement, fields }) => {
      for (const [field, kind] of fields) {
        const key = `${bucket.id} ${measurement} ${field}`;
        const before = this.#types.get(key) ?? kind;
        if (before !== kind) {
          conflict = `field type conflict: input field "${field}" on measurement "${measurement}" is type ${kind}, already exists as type ${before}`;
          return false;
        }
        this.#types.set(key, kind);
      }
      return true;
    });
    return { good, ...(conflict !== undefined && { conflict }) };
  }

  async #store(bucket: Bucket, points: readonly Point[], precision: string): Promise<void> {
    if (points.length === 0) return;
    const body = points.map(({ text }) => text).join('\n');
    const url = `${this.#influxd}/write?db=${bucket.id}&precision=${precision}`;
    const answer = await fetch(url, { method: 'POST', body });
    const told = await answer.text();
    if (answer.status === 204) return;
    const reason = (JSON.parse(told) as { error: string }).error;
    if (reason.startsWith('partial write: '))
      throw new Refusal('unprocessable entity', `failure writing points to database: ${reason}`);
    // What this parser takes the real one must take: a hole in it, not an answer of the server.
    throw new Error(`the InfluxDB behind the stand-in refuses a point: ${told}`);
  }

  async #query({ query, body, request, rights }: Call, response: ServerResponse): Promise<void> {
    const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
    const form = new URLSearchParams([...(isForm ? new URLSearchParams(body.toString()) : []), ...query]);
    const statement = form.get('q');
    if (!statement) throw new Refusal('invalid', 'failed to decode query: missing query');
    const operation = /^\s*(CREATE|DROP|ALTER|GRANT|REVOKE|SET|KILL)\s+(\w+)/i.exec(statement);
    if (operation || /\bINTO\b/i.test(statement))
      return results(response, {
        error: `not implemented: ${operation ? operation.slice(1, 3).join(' ').toUpperCase() : 'SELECT INTO'}`,
      });
    const db = form.get('db');
    if (!db) return results(response, { error: 'database name required' });
    const rp = form.get('rp');
    const mapping = this.mappings.find(
      (one) => one.database === db && (rp ? one.retention_policy === rp : one.default),
    );
    const bucket = [...this.buckets.values()].find(({ id }) => id === mapping?.bucketID);
    if (!bucket || !mayUse(rights, bucket)) return results(response, { error: `database not found: ${db}` });
    const asked = new URLSearchParams({ db: bucket.id, q: statement });
    for (const name of ['epoch', 'params', 'chunked']) if (form.has(name)) asked.set(name, form.get(name)!);
    const answer = await fetch(`${this.#influxd}/query`, { method: 'POST', body: asked });
    const told = await answer.text();
    if (answer.status === 400)
      throw new Refusal('invalid', `failed to parse query: ${(JSON.parse(told) as { error: string }).error}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end(told);
  }

  #orgs({ query, rights }: Call, response: ServerResponse): void {
    const name = query.get('org');
    if (name !== null && (name !== ORG.name || !rights.all))
      throw new Refusal('not found', `organization name "${name}" not found`);
    json(response, 200, { links: { self: '/api/v2/orgs' }, orgs: rights.all ? [ORG] : [] });
  }

  #listBuckets({ query, rights }: Call, response: ServerResponse): void {
    if (query.has('org') || query.has('orgID')) this.#orgOf(query);
    const name = query.get('name');
    const buckets = [...this.buckets.values()].filter(
      (bucket) => mayUse(rights, bucket) && (name === null || bucket.name === name),
    );
    if (name !== null && buckets.length === 0) throw new Refusal('not found', `bucket "${name}" not found`);
    json(response, 200, { links: { self: '/api/v2/buckets' }, buckets: buckets.slice(0, 20) });
  }

  async #makeBucket({ body, rights }: Call, response: ServerResponse): Promise<void> {
    const { orgID, name, retentionRules = [] } = object(body) as Partial<Bucket>;
    if (orgID === undefined) throw new Refusal('invalid', 'organization id must be provided');
    if (!/^(?!0{16})[0-9a-f]{16}$/.test(orgID)) throw new Refusal('invalid', 'invalid ID');
    if (!name || name.startsWith('_') || name.includes('"'))
      throw new Refusal('invalid', `bucket name ${name} is invalid`);
    checkRules(retentionRules);
    if (!rights.all) throw new Refusal('forbidden', `write:orgs/${orgID}/buckets is unauthorized`);
    if (orgID !== ORG.id) throw new Refusal('not found', 'organization not found');
    if (this.buckets.has(name)) throw new Refusal('conflict', `bucket with name ${name} already exists`);
    const bucket = { id: this.#id(), orgID, type: 'user', name, retentionRules, labels: [] };
    const made = await fetch(`${this.#influxd}/query`, {
      method: 'POST',
      body: new URLSearchParams({ q: `CREATE DATABASE "${bucket.id}"` }),
    });
    await made.arrayBuffer();
    this.buckets.set(name, bucket);
    json(response, 201, bucket);
  }

  async #changeBucket({ path, body, rights }: Call, response: ServerResponse): Promise<void> {
    const id = path.split('/').at(-1);
    const bucket = [...this.buckets.values()].find((one) => one.id === id);
    if (!bucket) throw new Refusal('not found', 'bucket not found');
    if (!rights.all) throw new Refusal('forbidden', `write:buckets/${id} is unauthorized`);
    const { retentionRules = [] } = object(body) as Partial<Bucket>;
    checkRules(retentionRules);
    bucket.retentionRules = retentionRules;
    json(response, 200, bucket);
  }

  #listMappings({ query, rights }: Call, response: ServerResponse): void {
    this.#orgOf(query, "either 'org' or 'orgID' must be provided");
    const fits = (name: string, value: string): boolean => !query.has(name) || query.get(name) === value;
    const content = this.mappings.filter(
      (one) =>
        (rights.all || rights.buckets.has(nameOf(this.buckets, one.bucketID))) &&
        fits('bucketID', one.bucketID) &&
        fits('db', one.database) &&
        fits('rp', one.retention_policy),
    );
    json(response, 200, { content });
  }

  #makeMapping({ body, rights }: Call, response: ServerResponse): void {
    const wanted = object(body) as Partial<Mapping>;
    const { database, retention_policy, bucketID, orgID } = wanted;
    if (!database || !retention_policy || !bucketID || orgID !== ORG.id)
      throw new Refusal(
        'invalid',
        'invalid json structure: database, retention_policy, bucketID and orgID are required',
      );
    if (![...this.buckets.values()].some(({ id }) => id === bucketID))
      throw new Refusal('not found', 'bucket not found');
    if (!rights.all) throw new Refusal('forbidden', `write:orgs/${orgID}/dbrp is unauthorized`);
    if (this.mappings.some((one) => one.database === database && one.retention_policy === retention_policy))
      throw new Refusal('conflict', 'another DBRP mapping with same orgID, db, and rp exists');
    // The first of a database is its default, whatever was asked.
    const isDefault = wanted.default === true || !this.mappings.some((one) => one.database === database);
    const mapping = { id: this.#id(), database, retention_policy, default: isDefault, virtual: false, orgID, bucketID };
    this.mappings.push(mapping);
    json(response, 201, mapping);
  }

  #orgOf(query: URLSearchParams, missing = 'Please provide either orgID or org'): void {
    const org = query.get('org');
    const id = query.get('orgID');
    if (!org && !id) throw new Refusal('invalid', missing);
    if (org !== ORG.name && org !== ORG.id && id !== ORG.id)
      throw new Refusal('not found', `organization name "${org ?? id}" not found`);
  }

  #id(): string {
    return (0x0c0ffee000000000n + BigInt(this.#nextId++)).toString(16).padStart(16, '0');
  }
}

function mayUse({ all, buckets }: Rights, bucket: Bucket): boolean {
  return all || buckets.has(bucket.name);
}

function nameOf(buckets: ReadonlyMap<string, Bucket>, id: string): string {
  return [...buckets.values()].find((bucket) => bucket.id === id)?.name ?? '';
}

function checkRules(rules: readonly object[]): void {
  const [rule] = rules as readonly { everySeconds?: number }[];
  if (rules.length > 1) throw new Refusal('unprocessable entity', 'more than one retention rule');
  const seconds = rule?.everySeconds ?? 0;
  if (seconds < 0 || (seconds > 0 && seconds < 3600))
    throw new Refusal('unprocessable entity', 'retention policy duration must be at least 1h0m0s');
}

function object(body: Buffer): object {
  try {
    return JSON.parse(body.toString()) as object;
  } catch (error) {
    throw new Refusal('invalid', (error as Error).message);
  }
}

/** An error of a statement is an answer of a query that worked. */
function results(response: ServerResponse, result: { error: string }): void {
  json(response, 200, { results: [{ statement_id: 0, ...result }] });
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
