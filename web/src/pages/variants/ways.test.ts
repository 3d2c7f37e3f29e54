import type { Variant, VariantsAnswer } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { headline, isUnderWay, readSort, sharesOf, versionsOnlyIn, waysOf } from './ways.ts';

const AT = '2026-01-01T00:00:00.000Z';
const variant = (id: string, outcomes: Record<string, number>, more: Partial<Variant> = {}) => ({
  ...{ id, steps: [id], more: 0, share: 0, outcomes, firstAt: AT, lastAt: AT, versions: [] },
  types: [{ type: 'order', flows: 1 }],
  durationMs: { p50: 1, p90: 1, p95: 1, p99: 1, max: 1, count: 1 },
  flows: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
  ...{ exampleFlowIds: [], q: `trait:${id}` },
  ...more,
});
const answer = (...items: Variant[]): VariantsAnswer => ({
  population: { total: 1, used: 1, open: 0, sampled: false, from: null, to: null },
  ...{ asOf: AT, items, others: { variants: 0, flows: 0 } },
});

const stuck = variant('stuck', { stuck: 50 });
const usual = variant('usual', { completed: 30, failed: 10 });
const rare = variant('rare', { completed: 9, failed: 1 }, { firstAt: '2026-01-02T00:00:00.000Z' });
const refund = variant('refund', { completed: 1 }, { types: [{ type: 'refund', flows: 1 }] });

test('the usual way is the one that most flows complete, even if more are stuck in another', () => {
  const [order, other] = waysOf(answer(stuck, usual, rare, refund), 'share');
  expect([order!.type, order!.usual.id, order!.flows]).toEqual(['order', 'usual', 100]);
  expect([other!.type, other!.usual.id]).toEqual(['refund', 'refund']);
  expect(sharesOf([order!]).get('rare')).toBe(0.1);
});

test.each([
  ['share', ['stuck', 'usual', 'rare']],
  ['new', ['rare', 'stuck', 'usual']],
  ['failed', ['stuck', 'usual', 'rare']],
  ['nonsense', ['stuck', 'usual', 'rare']],
])('sorted by %s', (sort, ids) => {
  const [order] = waysOf(answer(stuck, usual, rare), readSort(sort));
  expect(order!.variants.map(({ id }) => id)).toEqual(ids);
});

test('a variant of flows that have not ended may go on', () => {
  expect([stuck, usual].map(isUnderWay)).toEqual([true, false]);
});

test('only versions of services that the usual way has can be new', () => {
  const of = (...versions: string[]) => ({
    versions: versions.map((text) => ({
      service: text.split(' ')[0]!,
      version: text.split(' ')[1]!,
    })),
  });
  const before = variant('a', {}, of('pay 1', 'mail 1'));
  expect(versionsOnlyIn(variant('b', {}, of('pay 2', 'mail 1', 'new 1')), before)).toEqual([
    { service: 'pay', version: '2' },
  ]);
});

test.each([
  [[usual], 'All flows take the same way.'],
  [[usual, rare], '80 % take the usual way; 1 other way is taken.'],
  [[usual, refund], '100 % of flows take the usual way of their type; there are 2 ways.'],
])('headline %#', (items, text) => {
  const all = answer(...items);
  expect(headline(waysOf(all, 'share'), all.others)).toBe(text);
});
