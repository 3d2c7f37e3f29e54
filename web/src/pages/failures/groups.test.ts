import type { FailureGroup, FailuresAnswer, ServiceSummary } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import {
  headline,
  onlyIn,
  readSort,
  readState,
  ruleQueryOf,
  shownOf,
  statesOf,
  titleOf,
} from './groups.ts';

const AT = '2026-01-01T00:00:00.000Z';
const group = (more: Partial<FailureGroup> = {}): FailureGroup => ({
  ...{ fingerprint: 'f', step: 'charge', service: 'pay', message: '', count: 1, flows: 1 },
  error: { type: 'CardDeclined', message: 'order <n> is declined by <text>' },
  ...{ flowTypes: [], trend: [], firstAt: AT, lastAt: AT, versions: [], instances: [] },
  ...{ mendedByRetry: 0, deadLettered: 0, frames: [], status: 'open', notes: [] },
  ...{ exampleFlowIds: [], q: 'trait:f' },
  ...more,
});
const answer = (...items: FailureGroup[]): FailuresAnswer => ({
  population: { total: 9, used: 9, open: 0, sampled: false, from: null, to: null },
  ...{ asOf: AT, items, others: { groups: 0, count: 0 }, trend: null },
});

test.each([
  [{ type: 'CardDeclined', message: 'no <n>' }, 'CardDeclined: no <n>'],
  [{ type: '502', message: '' }, 'HTTP 502'],
  [{ type: '', message: 'gone' }, 'gone'],
  [{ type: '', message: '' }, 'Failed without an error'],
])('title %#', (error, title) => expect(titleOf(group({ error }))).toBe(title));

test('the headline names the most frequent', () => {
  expect(headline(answer())).toBe('No step failed in these flows.');
  expect(headline(answer(group()))).toContain('One kind of failure, in charge (pay): CardDeclined');
  const all = answer(
    group(),
    group({ step: 'ship', flows: 5, error: { type: '503', message: '' } }),
  );
  expect(headline(all)).toBe('2 kinds of failure. The most frequent, in ship (pay): HTTP 503');
});

test('what is resolved is hidden, what came again is open', () => {
  const all = (['open', 'acknowledged', 'resolved', 'regressed'] as const).map((status, i) =>
    group({ fingerprint: status, status, flows: i }),
  );
  const ids = (state: string): string[] =>
    shownOf(all, readState(state), readSort('')).map(({ fingerprint }) => fingerprint);
  expect(ids('')).toEqual(['regressed', 'acknowledged', 'open']);
  expect(ids('open')).toEqual(['regressed', 'open']);
  expect(statesOf(all).map(([, label]) => label)).toEqual([
    ...['Not resolved 3', 'Open 2', 'Acknowledged 1', 'Resolved 1'],
  ]);
});

test('groups are sorted by what is asked for', () => {
  const late = group({ fingerprint: 'late', lastAt: '2026-01-02T00:00:00.000Z' });
  const many = group({ fingerprint: 'many', flows: 7 });
  const first = (sort: string): string =>
    shownOf([late, many], 'todo', readSort(sort))[0]!.fingerprint;
  expect([first('flows'), first('last')]).toEqual(['many', 'late']);
});

test('a failure of one version only is told if the service has others', () => {
  const services = [{ name: 'pay', versions: ['1', '2'] }] as ServiceSummary[];
  const of = (...versions: string[]) =>
    onlyIn(group({ versions: versions.map((version) => ({ version, count: 1 })) }), services);
  expect([of('2'), of('1', '2'), of()]).toEqual([['2'], [], []]);
});

test('a rule names the step and what does not vary of the error', () => {
  expect(ruleQueryOf(group())).toBe('failed:"charge" service:"pay" error:"is declined by"');
  expect(ruleQueryOf(group({ step: 'a "b"', error: { type: '502', message: '<n>' } }))).toBe(
    'failed:"a *b*" service:"pay" error:"502"',
  );
});
