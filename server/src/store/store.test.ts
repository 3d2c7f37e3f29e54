import { expect, test } from 'vitest';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Connection } from './connection/port.ts';
import { createReadChunks } from './rows/chunked-reader.ts';
import { createStoreOver } from './store.ts';

/** Tests the store over a connection that cannot insert the newest acknowledged rows. */
const flow = {
  id: 'f',
  version: '1',
  deleted: 0,
  moved_to: '',
  tokens: [],
  causes: '[]',
  context: '',
};
const row = {
  ...flow,
  flowTypes: [],
  members: `${'a'.repeat(32)}${'b'.repeat(16)}`,
  name: 'shop',
  environment: '',
  steps: '1',
};
const over = (flush: () => Promise<void>): ReturnType<typeof createStoreOver> => {
  const connection = {
    kind: 'embedded',
    query: (sql: string) => Promise.resolve(sql.includes('FROM flows') ? [row] : []),
    flush,
  } as unknown as Connection;
  return createStoreOver(
    connection,
    { retentionDays: 1, cluster: '' },
    () => 0,
    (rows, read) => rows.map(read),
    createReadChunks({ counters: createCounters(), log: silentLog }),
  );
};

test('people read what there is, and that there is more; whoever joins flows needs all of it', async () => {
  let refuses = true;
  const store = over(() => (refuses ? Promise.reject(new Error('disk full')) : Promise.resolve()));
  for (const read of [
    async () => (await store.services()).items.map(({ name }) => name),
    async () => ['shop'].slice((await store.spansOf('f', 10)).total),
  ]) {
    refuses = true;
    expect(await read()).toEqual(['shop']);
    expect(store.isBehind).toBe(true);
    refuses = false;
    expect(await read()).toEqual(['shop']);
    expect(store.isBehind).toBe(false);
  }
  refuses = true;
  await expect(store.loadByIds(['f'])).rejects.toMatchObject({ code: 'store.unavailable' });
  await expect(store.watermarks()).rejects.toMatchObject({ code: 'store.unavailable' });
});
