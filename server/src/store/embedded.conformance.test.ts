import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createStore, type Store } from './index.ts';
import { describeStore } from './testing/conformance.ts';

const open = (directory: string): Store =>
  createStore({ clickhouseUrl: '', directory, cluster: '', retentionDays: 3650, memoryLimitBytes: 2 ** 31 });

describeStore('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  return { store: open(directory), close: async () => rmSync(directory, { recursive: true, force: true }) };
});

test('a directory that cannot be written is one clear error', async () => {
  await expect(open('/dev/null/data').start()).rejects.toMatchObject({ code: 'data.unwritable' });
});
