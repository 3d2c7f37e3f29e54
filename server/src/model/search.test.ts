import { expect, test } from 'vitest';
import { allAlike, startOfSearch, withoutStart, type Query } from './search.ts';
import { nanosFromMs } from './time.ts';

const since = (atMs: number): Query => ({ kind: 'time', op: 'since', atMs });
const failed: Query = { kind: 'field', field: 'status', value: 'failed' };
const and = (...of: Query[]): Query => ({ kind: 'and', of });

test('a search begins where its last demand does', () => {
  expect(startOfSearch({ limit: 1 })).toBe(null);
  expect(startOfSearch({ query: since(5), from: nanosFromMs(3), limit: 1 })).toBe(nanosFromMs(5));
  expect(startOfSearch({ query: and(and(since(5), failed), since(9)), limit: 1 })).toBe(
    nanosFromMs(9),
  );
  expect(startOfSearch({ query: { kind: 'or', of: [since(5), failed] }, limit: 1 })).toBe(null);
});

test('without its start a search demands the rest', () => {
  const rest = (query: Query) => withoutStart({ query, from: nanosFromMs(3), limit: 1 });
  expect(rest(since(5))).toEqual({ limit: 1 });
  expect(rest(failed)).toEqual({ query: failed, limit: 1 });
  expect(rest(and(and(since(5), failed), since(9)))).toEqual({ query: and(failed), limit: 1 });
  const before: Query = { kind: 'time', op: 'before', atMs: 7 };
  expect(rest(and(since(5), before))).toEqual({ query: and(before), limit: 1 });
});

const field = (name: 'type' | 'environment', value: string): Query => ({
  ...{ kind: 'field', field: name, value },
});
const or = (...of: Query[]): Query => ({ kind: 'or', of });
test.each<[query: Query | undefined, left: Query | undefined]>([
  [undefined, undefined],
  [failed, undefined],
  [field('type', 'order'), and(field('type', 'order'))],
  [and(since(5), and(failed, field('type', 'order'))), and(field('type', 'order'))],
  [or(failed, field('type', 'order')), undefined],
  [
    or(field('type', 'order'), field('type', 'return')),
    and(or(field('type', 'order'), field('type', 'return'))),
  ],
  [
    and(failed, { kind: 'not', of: field('environment', 'test') }),
    and({ kind: 'not', of: field('environment', 'test') }),
  ],
  [{ kind: 'not', of: failed }, undefined],
])('of %j all flows of the same kind match %j', (query, left) => {
  const asked = { ...(query && { query }), types: ['a'], environments: ['live'], key: 'k' };
  expect(allAlike({ ...asked, statuses: ['failed'], from: nanosFromMs(3), limit: 9 })).toEqual({
    ...{ types: ['a'], environments: ['live'], limit: 1 },
    ...(left && { query: left }),
  });
});
