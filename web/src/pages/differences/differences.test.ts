import type { Difference, DifferencesAnswer } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { readFilter } from '../../data/filter.ts';
import {
  asked,
  canCompare,
  comparedText,
  elsewhereAddress,
  elsewhereOf,
  headline,
  liftText,
  nameOf,
  tellingOf,
  valueText,
} from './differences.ts';

const filter = (query: string) => readFilter(new URLSearchParams(query));
const difference = (more: Partial<Difference> = {}): Difference => ({
  ...{ field: 'version', value: 'mailer 2.4.0', share: 1, baselineShare: 0.12, lift: 8.3 },
  ...{ flows: 31, baselineFlows: 12, sampled: false, q: 'trait:a', alike: [] },
  ...more,
});
const population = { total: 31, used: 31, open: 0, sampled: false, from: null, to: null };
const answer = (...items: Difference[]): DifferencesAnswer => ({
  ...{ population, asOf: '', items },
  against: { ...population, used: 100, is: 'the rest' },
});

test.each([
  ['status=stuck', 'status:stuck'],
  ['status=stuck,late', '(status:stuck or status:late)'],
  ['q=a or b&service=mail', '(a or b) service:mail'],
  ['service=a "b"', 'service:"a *b*"'],
  ['type=order', ''],
])('the filter %s asks for "%s"', (query, q) => {
  expect(asked(filter(query))).toMatchObject({ q, status: '', service: '' });
});

test('a filter without query and time has nothing to be compared with', () => {
  const nothing = { against: '', compare: '' } as const;
  expect(canCompare(filter('type=order'), nothing, 0)).toBe(false);
  expect(canCompare(filter('range=1h'), nothing, 0)).toBe(true);
  expect(canCompare(filter('q=status:stuck'), nothing, 0)).toBe(true);
  expect(canCompare(filter(''), { against: 'type:a', compare: '' }, 0)).toBe(true);
  const before = { against: '', compare: 'yesterday' } as const;
  expect(canCompare(filter(''), before, 0)).toBe(false);
  expect(canCompare(filter('range=1h'), before, 0)).toBe(true);
});

test.each([
  [difference(), 'Of 31 stuck flows of order, 100 % have mailer 2.4.0; elsewhere 12 %.'],
  [
    difference({ field: 'status', value: 'timed_out', share: 0.5, baselineShare: 0 }),
    'Of 31 stuck flows of order, 50 % are timed out; elsewhere 0 %.',
  ],
])('the headline is the most telling difference %#', (item, text) => {
  expect(headline(answer(), [item], nameOf(filter('q=status:stuck&type=order')))).toBe(text);
});

test('that nothing differs is said', () => {
  expect(headline(answer(), [], 'flows')).toBe('Nothing sets these 31 flows apart.');
});

test('what is compared with', () => {
  expect(comparedText(answer(), '')).toContain('100 flows: the other flows of the same filter');
  const chosen = { ...answer(), against: { ...answer().against, is: 'asked for' as const } };
  expect(comparedText(chosen, 'yesterday')).toBe('Compared with 100 flows: yesterday');
});

test('how much more frequent a value is', () => {
  expect([
    liftText(difference()),
    liftText(difference({ lift: 41.7 })),
    liftText(difference({ lift: null })),
    liftText(difference({ lift: 0, share: 0 })),
  ]).toEqual(['×8.3', '×42', 'only here', 'only there']);
});

test('what the query itself says is no difference', () => {
  const status = difference({ field: 'status', value: 'stuck' });
  expect(tellingOf([status, difference()], filter('q=status:stuck'))).toEqual([difference()]);
});

test('a failure without a message has no colon at its end', () => {
  expect(valueText('d POST /write: 502: ')).toBe('d POST /write: 502');
});

test('a value leads to the flows elsewhere that have it', () => {
  const nothing = { against: '', compare: '' } as const;
  const address = (query: string, q: string, is: Parameters<typeof elsewhereOf>[2]): string => {
    const here = filter(query);
    const elsewhere = elsewhereOf(here, nothing, is, 3_600_000);
    return decodeURIComponent(elsewhereAddress(difference({ q }), here, elsewhere));
  };
  expect(address('q=status:stuck&type=a', '(status:stuck) trait:a', 'the rest')).toBe(
    '/flows?q=(not+(status:stuck))+trait:a&type=a',
  );
  expect(address('from=1970-01-01T00:30:00Z', 'trait:a', 'the time before')).toBe(
    '/flows?q=trait:a&from=1970-01-01T00:00:00.000Z&to=1970-01-01T00:30:00.000Z',
  );
});
