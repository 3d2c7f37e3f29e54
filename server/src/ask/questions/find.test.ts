import { expect, test } from 'vitest';
import type { Client } from '../client.ts';
import { find } from './find.ts';

const NOW = 1_800_000_000_000;

/** Asks a server that finds nothing, and returns what is said and which paths were read. */
async function findNothing(query: string, isNothingUsual: boolean) {
  const read: string[] = [];
  const client: Client = {
    url: '',
    open: () => Promise.reject(new Error('not asked for')),
    get: <T>(path: string) => {
      read.push(path);
      const list = { items: [], nextCursor: null, total: 0, incomplete: false, isNothingUsual };
      return Promise.resolve(list as T);
    },
  };
  const { data, text } = await find.ask(client, { query, limit: 20 }, NOW);
  return { data, text: text(100), read };
}

test.each(['duration>p95 since:2h', 'duration>p95 "took since:2h"', 'status:failed since:2h'])(
  'whether nothing is usual in %s is what the server says',
  async (query) => {
    const unknown = await findNothing(query, true);
    expect(unknown.text).toMatch(/^No flow of these types is older than this time/);
    expect(unknown.data).toMatchObject({ total: 0, note: unknown.text });
    const other = await findNothing(query, false);
    expect(other.text).toBe('No flow matches.');
    expect(other.data).toMatchObject({ total: 0, note: null });
    expect([unknown.read, other.read]).toEqual([['/api/v1/flows'], ['/api/v1/flows']]);
  },
);
