import { expect, test } from 'vitest';
import { compare, type Comparison } from './compare.ts';
import type { Profile, TypeProfile } from './profile.ts';
import { reportJunit, reportMarkdown, reportText } from './report.ts';

const order: TypeProfile = {
  ...{ type: 'order', flows: 100, held: 0 },
  durationMs: { p50: 100, p95: 200, count: 100 },
  steps: [
    { name: 'shop: place', share: 1 },
    { name: 'payment: charge', share: 1 },
  ],
  joins: [{ name: 'shop: place → payment: charge by OrderPlaced', share: 1 }],
  failures: [{ name: 'payment: charge Declined', share: 0.05 }],
  chain: [{ name: 'processing payment: charge', share: 0.9 }],
};
const profile = (...types: TypeProfile[]): Profile => ({
  ...{ fermataProfile: 1, takenAt: '2026-11-29T12:00:00.000Z', types },
});
const TOLERANCE = { share: 0.1, times: 1.5 };
const changes = (now: Partial<TypeProfile>): Record<string, string[]> =>
  Object.fromEntries(
    compare(profile(order), profile({ ...order, ...now }), TOLERANCE)
      .filter((one) => one.changes.length > 0)
      .map((one) => [one.subject, one.changes]),
  );

test('what is as it was is no change', () => {
  expect(changes({})).toEqual({});
  expect(changes({ failures: [{ name: 'payment: charge Declined', share: 0.12 }] })).toEqual({});
  expect(changes({ durationMs: { p50: 140, p95: 290, count: 100 } })).toEqual({});
});

test('a flow that waits for something new says so', () => {
  const mail = { name: 'sync-call mailer: send mail', share: 0.4 };
  expect(changes({ chain: [...order.chain, mail] })).toEqual({
    chain: ['waits now for sync-call mailer: send mail (0 % → 40 %)'],
  });
});

test.each<[string, Partial<TypeProfile>, string]>([
  ['steps', { steps: order.steps.slice(1) }, 'no step shop: place any more (100 % → 0 %)'],
  [
    'steps',
    { steps: [...order.steps, { name: 'mailer: send', share: 0.01 }] },
    'new step mailer: send (0 % → 1 %)',
  ],
  ['joins', { joins: [] }, 'no more: shop: place → payment: charge by OrderPlaced (100 % → 0 %)'],
  [
    'failures',
    { failures: [{ name: 'payment: charge Declined', share: 0.4 }] },
    'fails now: payment: charge Declined (5 % → 40 %)',
  ],
  ['held', { held: 2 }, '2 flows late or stuck'],
  ['latency', { durationMs: { p50: 100, p95: 900, count: 100 } }, 'p95 200 ms → 900 ms'],
])('%s: %j', (subject, now, said) => {
  expect(changes(now)).toEqual({ [subject]: [said] });
});

test('few flows say nothing of how long they take; less failing needs no consent', () => {
  expect(changes({ durationMs: { p50: 100, p95: 900, count: 19 } })).toEqual({});
  expect(changes({ failures: [] })).toEqual({});
});

test('flow types that went and came are told', () => {
  const other = { ...order, type: 'return', held: 1 };
  const all = compare(profile(order), profile(other), TOLERANCE);
  expect(all.map(({ type, subject, changes: said }) => [type, subject, ...said])).toEqual([
    ['order', 'flows', 'no flow of this type any more'],
    ['return', 'flows', 'new: 100 flows'],
    ['return', 'held', '1 flow late or stuck'],
  ]);
});

test('names cannot end what they stand in', () => {
  const all: Comparison[] = [
    { type: '<b>x', subject: 'steps', changes: ['new step ]]> "a" & `b` | <img>\u0007'] },
    { type: 'ok', subject: 'held', changes: [] },
  ];
  expect(reportText(all)).toContain('1 change in 2 flow types.');
  expect(reportMarkdown(all)).not.toMatch(/<|`/);
  const junit = reportJunit(all);
  expect(junit).toContain('tests="2" failures="1"');
  expect(junit).toContain('classname="&#60;b&#62;x"');
  expect(junit).not.toMatch(/\]\]>|<img|\u0007/);
});
