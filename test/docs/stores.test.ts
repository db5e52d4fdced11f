// docs/stores.md tells the truth: its commands do what it says, its sizes are those of the code.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Journal } from '../../api/journal/journal.ts';
import { NOW, bus, describeKind, onFatal, quiet, startCity, telemetry } from '../api/city.ts';
import { describeWith } from '../parts.ts';

const page = await readFile(new URL('../../docs/stores.md', import.meta.url), 'utf8');
const SHOWN = 'http://127.0.0.1:8080';

describeWith(['curl'], 'docs/stores.md', () => {
  it('shows how to get what was refused, and to have it taken again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'citytwin-docs-'));
    const city = await startCity({ journal: { folder, onFatal, minFreeBytes: 0 } });
    try {
      await city.api.take(describeKind(bus));
      await city.api.take(telemetry('b-1', { ts: NOW, seq: 1, wheels: 6 }));
      const commands = page.split('\n').filter((line) => line.startsWith('curl '));
      expect(commands).toHaveLength(2);
      const answers: unknown[] = [];
      for (const command of commands) {
        expect(command).toContain(SHOWN);
        const { stdout } = await promisify(execFile)('sh', ['-c', command.replace(SHOWN, city.base)]);
        answers.push(JSON.parse(stdout));
      }
      expect(answers).toEqual([expect.objectContaining({ cause: 'unknown-field', sequence: 1 }), { replayed: 1 }]);
    } finally {
      await city.api.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says how large the journal may be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'citytwin-docs-'));
    const journal = await Journal.open({ folder, log: quiet, onFatal });
    try {
      expect(page).toContain(`It takes ${journal.state.maxBytes / 2 ** 30} GB at most.`);
    } finally {
      await journal.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
