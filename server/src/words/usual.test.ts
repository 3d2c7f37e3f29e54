import { expect, test } from 'vitest';
import { searchesBefore } from './usual.ts';

const FROM = '2026-01-31T12:00:00.000Z';

test.each<[string, string | undefined, object[]]>([
  ['duration>p95', FROM, [{ to: FROM }]],
  ['duration>p95', undefined, []],
  ['status:failed duration<=P50 since:2h', undefined, [{ q: 'before:2h' }]],
  ['(since:2026-01-31 duration>p95) type:order', FROM, [{ to: FROM }, { q: 'before:2026-01-31' }]],
  ['duration>p95 not since:2h', undefined, []],
  ['duration>p95 -since:2h', undefined, []],
  ['duration>5m since:2h', FROM, []],
  ['', FROM, []],
])('what is usual in "%s" from %s is measured over %j', (q, from, searches) =>
  expect(searchesBefore(q, from)).toEqual(searches),
);
