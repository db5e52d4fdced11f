// Finds or makes what the store needs in an InfluxDB 2.x: the bucket, and the mapping that gives it a database name in InfluxQL. A token
// that may only read and write the bucket is enough when both are there.
import { noAnswer } from './influx-connection.ts';

export interface BucketAddress {
  /** `http://host:port` */
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
}

export interface Bucket {
  readonly id: string;
  readonly orgId: string;
  /** What InfluxQL calls it. */
  readonly database: string;
  readonly retentionPolicy: string;
}

interface Mapping {
  readonly database: string;
  readonly retention_policy: string;
  readonly default: boolean;
  readonly bucketID: string;
}
interface Reply {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly buckets?: readonly { readonly id: string; readonly orgID: string; readonly name: string }[];
    readonly orgs?: readonly { readonly id: string; readonly name: string }[];
    readonly content?: readonly Mapping[];
    readonly id?: string;
  };
}

const TIMEOUT_MS = 10_000;
const RETENTION_POLICY = 'autogen';
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** @throws Error that says what to set */
export async function openBucket(address: BucketAddress): Promise<Bucket> {
  const { id, orgID } = (await lookForBucket(address)) ?? (await createBucket(address));
  return { id, orgId: orgID, ...(await mapping(address, id, orgID)) };
}

/** → undefined when it is not there, or not for this token. @throws Error that says what to set */
export async function lookForBucket(address: BucketAddress): Promise<{ id: string; orgID: string } | undefined> {
  const { org, bucket } = address;
  const found = await call(address, 'GET', `/api/v2/buckets?${new URLSearchParams({ org, name: bucket }).toString()}`);
  if (found.status === 404) return undefined;
  if (found.status !== 200) throw refusal(address, 'look for the bucket', found);
  return found.body.buckets?.find(({ name }) => name === bucket);
}

/** The server removes what is older, a shard at a time. */
export async function setRetention(address: BucketAddress, { id }: Bucket, ms: number): Promise<void> {
  const everySeconds = Math.max(HOUR_S, Math.ceil(ms / 1000));
  const shardGroupDurationSeconds = everySeconds < 2 * DAY_S ? HOUR_S : DAY_S;
  const retentionRules = [{ type: 'expire', everySeconds, shardGroupDurationSeconds }];
  const reply = await call(address, 'PATCH', `/api/v2/buckets/${id}`, { retentionRules });
  if (reply.status !== 200) throw refusal(address, `keep data for ${everySeconds} s only (--keep)`, reply);
}

async function createBucket(address: BucketAddress): Promise<{ id: string; orgID: string }> {
  const { org, bucket, url } = address;
  const found = await call(address, 'GET', `/api/v2/orgs?${new URLSearchParams({ org })}`);
  const orgID = found.status === 200 ? found.body.orgs?.find(({ name }) => name === org)?.id : undefined;
  if (orgID === undefined) {
    if (found.status !== 200 && found.status !== 404) throw refusal(address, 'look for the organisation', found);
    throw new Error(
      `InfluxDB at ${url} shows this token no organisation ${org}: set --store-org to the name of one that it may use`,
    );
  }
  const made = await call(address, 'POST', '/api/v2/buckets', { orgID, name: bucket, retentionRules: [] });
  if (made.status !== 201 || made.body.id === undefined) throw refusal(address, `create the bucket ${bucket}`, made);
  return { id: made.body.id, orgID };
}

/** The bucket's default mapping; other ones do not answer `SHOW` statements. */
async function mapping(
  address: BucketAddress,
  bucketID: string,
  orgID: string,
): Promise<{ database: string; retentionPolicy: string }> {
  const found = await call(address, 'GET', `/api/v2/dbrps?${new URLSearchParams({ orgID, bucketID })}`);
  if (found.status !== 200) throw refusal(address, 'look for the mapping of the bucket to a database', found);
  const existing = found.body.content?.find((one) => one.bucketID === bucketID && one.default);
  if (existing) return { database: existing.database, retentionPolicy: existing.retention_policy };
  // The bucket's name may be the database of another bucket; its id is nobody's.
  for (const database of [address.bucket, bucketID]) {
    const wanted = { orgID, bucketID, database, retention_policy: RETENTION_POLICY, default: true };
    const made = await call(address, 'POST', '/api/v2/dbrps', wanted);
    if (made.status === 201) return { database, retentionPolicy: RETENTION_POLICY };
    if (made.status !== 422) throw refusal(address, `map the bucket ${address.bucket} to a database (DBRP)`, made);
  }
  throw new Error(
    `InfluxDB at ${address.url} has mappings for ${address.bucket} that this token cannot see: give it the right to read DBRP mappings`,
  );
}

async function call({ url, token }: BucketAddress, method: string, path: string, body?: object): Promise<Reply> {
  const headers = { authorization: `Token ${token}`, 'content-type': 'application/json', accept: 'application/json' };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      signal,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Reply['body']) : { message: text },
    };
  } catch (error) {
    throw noAnswer(url, error);
  }
}

function refusal({ url, org, bucket }: BucketAddress, wish: string, { status, body }: Reply): Error {
  const advice =
    status === 401
      ? 'set --store-token-file to a token of this InfluxDB'
      : status === 403
        ? `give the token of --store-token-file that right, or do it once by hand for the bucket ${bucket} of ${org}`
        : 'see --store-url, --store-org and --store-bucket';
  return new Error(`cannot ${wish} at InfluxDB ${url}: ${status} ${body.message ?? ''}: ${advice}`);
}
