// Runs the contract over every store, then what only one of them promises.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { createMemoryStore } from '../../api/stores/memory.ts';
import { storeContract } from './store-contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'citytwin-stores-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

storeContract('memory', async () => ({ create: () => createMemoryStore(), keeps: false, countsDuplicates: true }));

storeContract('duckdb', async () => ({
  create: (place) => createDuckDbStore({ file: join(folder, 'deep', `${place}.duckdb`), memoryLimitMb: 256 }),
  keeps: true,
  countsDuplicates: true,
}));
