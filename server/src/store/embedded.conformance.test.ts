import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manualClock, type Clock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { createStore, type Store } from './index.ts';
import { describeStore } from './testing/conformance.ts';

const open = (directory: string, clock: Clock): Store =>
  createStore({
    clickhouseUrl: '',
    directory,
    cluster: '',
    retentionDays: 3650,
    memoryLimitBytes: 2 ** 31,
    clock,
    log: silentLog,
  });

describeStore('embedded', async (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  return {
    store: open(directory, clock),
    close: async () => rmSync(directory, { recursive: true, force: true }),
  };
});

test('a directory that cannot be written is one clear error', async () => {
  await expect(open('/dev/null/data', manualClock()).start()).rejects.toMatchObject({
    code: 'data.unwritable',
  });
});

test('so is one whose path the engine would take for a pattern', async () => {
  await expect(open(join(tmpdir(), 'fermata-{a}'), manualClock()).start()).rejects.toMatchObject({
    code: 'data.unusable',
  });
});
