import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { QueryRule } from '../model/query-rule.ts';
import { parseQuery } from '../query/language/parse.ts';
import { createRuleBook } from './rule-book.ts';

const ofFile: QueryRule = {
  ...{ name: 'of-file', query: parseQuery('status:stuck', 0)!, text: 'status:stuck' },
  ...{ severity: 'critical', forMs: 0, groupBy: 'type', source: 'file' },
};

function bench(documents = new Map<string, string>()) {
  const changed: string[] = [];
  const book = createRuleBook({
    clock: manualClock(),
    log: silentLog,
    store: {
      async saveDocument(_kind, id, _version, body) {
        if (body === '') documents.delete(id);
        else documents.set(id, body);
      },
      documents: async () => [...documents].map(([id, body]) => ({ id, body })),
    },
    fromFile: [ofFile],
    parseQuery: (text) => parseQuery(text, 0),
    onChanged: async (name) => void changed.push(name),
  });
  return { book, changed, documents };
}
const SLOW = { name: 'slow', query: 'duration>5m', for: '1m', groupBy: 'key:customer' };

test('a rule is in force once it is saved, after a restart too, until it is deleted', async () => {
  const { book, changed, documents } = bench();
  await book.save(SLOW);
  expect(book.list()).toMatchObject([
    { name: 'of-file', source: 'file' },
    { name: 'slow', forMs: 60_000, severity: 'warning', groupBy: 'key:customer' },
  ]);
  const again = bench(documents).book;
  await again.load();
  expect(again.list()).toEqual(book.list());
  await book.save({ ...SLOW, severity: 'critical' });
  expect(book.list()[1]!.severity).toBe('critical');
  expect(await book.remove('slow')).toBe(true);
  expect(await book.remove('slow')).toBe(false);
  expect(book.list()).toEqual([ofFile]);
  expect(changed).toEqual(['slow', 'slow', 'slow']);
});

test('what a file says is not changed here', async () => {
  const { book } = bench();
  await expect(book.save({ ...SLOW, name: 'of-file' })).rejects.toMatchObject({
    code: 'query.invalid',
    hint: expect.stringContaining('FERMATA_ALERTS') as string,
  });
  await expect(book.remove('of-file')).rejects.toThrow('defined in a file');
});

test.each([
  [{ ...SLOW, name: 'Slow Checkout' }, 'name: is not a name'],
  [{ ...SLOW, query: 'status:stukk' }, 'query: column 8'],
  [{ ...SLOW, query: 'since:2h' }, 'mean nothing in a rule'],
  [{ ...SLOW, query: '@region:eu' }, 'known only of stored flows'],
  [{ ...SLOW, query: 'duration>p95' }, 'known only of stored flows'],
  [{ ...SLOW, for: 'five' }, 'for: is not a duration'],
  [{ ...SLOW, groupBy: 'colour' }, 'groupBy: is none of'],
])('%o: refused with its reason', async (rule, why) => {
  const { book, documents } = bench();
  await expect(book.save(rule)).rejects.toThrow(why);
  expect(documents.size).toBe(0);
});

test('a stored rule that cannot be read any more is left out', async () => {
  const { book } = bench(new Map([['odd', '{"name":"odd"}']]));
  await book.load();
  expect(book.list()).toEqual([ofFile]);
});
