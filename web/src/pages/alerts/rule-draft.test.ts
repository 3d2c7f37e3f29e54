import type { AlertRule } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { draftOf, durationText, emptyForm, formOf, isPreviewable, nameOf } from './rule-draft.ts';

test('a rule is the same after it was put into the form and taken out', () => {
  const rule: AlertRule = {
    ...{ name: 'slow', query: 'duration>5m', severity: 'critical', forMs: 90_000 },
    ...{ groupBy: 'key:customer', source: 'dashboard' },
  };
  expect(draftOf(formOf(rule))).toEqual({
    ...{ name: 'slow', query: 'duration>5m', severity: 'critical', for: '90s' },
    groupBy: 'key:customer',
  });
  expect(draftOf(formOf({ ...rule, groupBy: 'rule', forMs: 0 }))).toMatchObject({
    groupBy: 'rule',
    for: '0s',
  });
});

test('a preview needs a query, and a key where it groups by one', () => {
  expect(isPreviewable(emptyForm(' '))).toBe(false);
  expect(isPreviewable(emptyForm('status:stuck'))).toBe(true);
  expect(isPreviewable({ ...emptyForm('status:stuck'), group: 'key' })).toBe(false);
});

test('names and durations as the server wants them', () => {
  expect(nameOf('  2 Slow Checkout! ')).toBe('slow-checkout');
  expect([0, 500, 90_000, 300_000, 7_200_000].map(durationText)).toEqual([
    '0s',
    '500ms',
    '90s',
    '5m',
    '2h',
  ]);
});
