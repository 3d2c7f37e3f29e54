import { expect, test } from 'vitest';
import { gathered, tellingOnly, type Valued } from './telling.ts';

const value = (of: string, name: string, here: number, there: number) => ({
  ...{ of, value: `${of}=${name}`, here, there, ofInstance: of.startsWith('pod') },
});
const kept = (values: readonly (Valued & { value: string })[], here = 100, there = 100): string[] =>
  tellingOnly(values, here, there, () => undefined).map((one) => one.value);
const many = (of: string, count: number, here: number, there: number) =>
  Array.from({ length: count }, (_, i) => value(of, String(i), here, there));

test('what is nearly unique for each flow explains nothing, whatever it is called', () => {
  for (const of of ['port', 'request.id', 'colour'])
    expect(kept([...many(of, 30, 3, 0), ...many(`${of}2`, 30, 0, 3)])).toEqual([]);
  // A value that twelve of a hundred have by chance is no exception.
  expect(kept([value('port', 'x', 12, 0), ...many('port', 40, 2, 2)])).toEqual([]);
});

test('unless few of its values hold nearly all', () => {
  const ids = many('id', 40, 1, 2);
  expect(kept([value('id', 'bad', 60, 0), ...ids])).toEqual(['id=bad']);
  expect(kept([value('id', 'a', 48, 0), value('id', 'b', 46, 1), ...ids])).toContain('id=a');
  expect(kept([value('id', 'good', 0, 90), ...many('id', 40, 2, 0)])).toEqual(['id=good']);
});

test('what has few values, or many with many flows each, is told as it is', () => {
  const regions = [value('region', 'eu', 90, 40), value('region', 'us', 10, 60)];
  expect(kept(regions)).toHaveLength(2);
  const tenants = many('tenant', 50, 10, 30);
  expect(kept(tenants, 500, 1500)).toHaveLength(50);
  // So few flows say nothing of how many values there are.
  expect(kept(many('error', 4, 2, 1))).toHaveLength(4);
});

test('how many values there are is known beyond those that are compared', () => {
  const one = value('id', 'x', 12, 0);
  const varietyOf = (values: number, here: number) => () => ({ values, here, there: 1 });
  expect(tellingOnly([one], 100, 100, varietyOf(80, 1.25))).toEqual([]);
  expect(tellingOnly([one], 100, 100, varietyOf(2, 50))).toEqual([one]);
  expect(tellingOnly([one], 100, 100, varietyOf(80, 50))).toEqual([one]);
});

test('instances that were all replaced say when they ran; one that has all failures says more', () => {
  const replaced = [...many('pod new', 5, 20, 0), ...many('pod new', 4, 0, 25)];
  expect(kept(replaced)).toEqual([]);
  expect(kept([...replaced, value('pod new', 'last', 20, 1)])).toEqual([]);
  const bad = [value('pod', '3', 100, 0), ...many('pod', 4, 0, 25)];
  expect(kept(bad)).toEqual(['pod=3']);
  expect(kept([value('pod', '1', 100, 0), value('pod', '2', 0, 100)])).toHaveLength(2);
  // Where the others run here, too, each is told as it is.
  expect(kept([value('pod', '3', 60, 5), ...many('pod', 4, 10, 24)])).toHaveLength(5);
});

test('tenants that only failing flows have are told, although healthy flows have others', () => {
  const healthy = many('tenant', 10, 0, 10);
  expect(kept([...many('tenant', 4, 25, 0), ...healthy])).toHaveLength(14);
  // The same numbers of instances only say that these were replaced.
  expect(kept([...many('pod', 4, 25, 0), ...many('pod', 10, 0, 10)])).toEqual([]);
});

type Some = [count: number, flows: number];
const given = (of: string, [count, flows]: Some, side: 'here' | 'there') =>
  many(of, count, side === 'here' ? flows : 0, side === 'here' ? 0 : flows).map((one) => ({
    ...one,
    value: side,
  }));
/** Nothing is in both populations. Whether it is told is said by how it spreads over each. */
test.each<[of: string, here: Some, there: Some, told: string[]]>([
  ['tenant', [4, 50], [50, 4], ['here']],
  ['tenant', [50, 4], [4, 50], ['there']],
  ['tenant', [4, 50], [4, 50], ['here', 'there']],
  ['tenant', [12, 16], [12, 16], ['here', 'there']],
  ['tenant', [50, 4], [50, 4], []],
  ['port', [6, 5], [40, 5], []],
  ['port', [40, 5], [6, 5], []],
  ['pod', [4, 50], [50, 4], []],
  ['pod', [5, 20], [5, 20], []],
  ['pod', [1, 200], [5, 40], ['here']],
  ['pod', [1, 100], [1, 100], ['here', 'there']],
])('%s of which %j are here and %j are there: %j are told', (of, here, there, told) => {
  const values = [...given(of, here, 'here'), ...given(of, there, 'there')];
  expect([...new Set(kept(values, here[0] * here[1], there[0] * there[1]))]).toEqual(told);
});

test('instances are left out beside values of one name that name none', () => {
  const addresses = [
    ...[...many('pod', 5, 20, 0), ...many('pod', 5, 0, 20)],
    { ...value('pod', 'payments.internal', 40, 10), ofInstance: false },
  ];
  expect(kept(addresses)).toEqual(['pod=payments.internal']);
});

test('values of the same flows are one, in the words that a person reads', () => {
  const all = [
    value('server.port', '40293', 72, 34),
    value('url.path', '/labels', 72, 34),
    value('url.full', 'http://127.0.0.1:40293/labels', 72, 34),
    value('region', 'eu', 72, 33),
  ];
  expect(
    gathered(all).map(({ one, alike }) => [one.value, alike.map((other) => other.value)]),
  ).toEqual([
    ['url.path=/labels', ['server.port=40293', 'url.full=http://127.0.0.1:40293/labels']],
    ['region=eu', []],
  ]);
});
