import { expect, test } from 'vitest';
import { traitId } from '../../analyze/index.ts';
import type { AttributeCount, Comparison, LensReader, Population } from '../../store/index.ts';
import { differencesLens } from './differences.ts';

/** Tests what is told of counts of two populations, of 100 flows each unless a test says more. */
const FLOWS = 100;
const population = (name: string, flows: number): Population => ({
  search: { key: name, limit: 1 },
  ...{ nowMs: 0, total: flows, used: flows, open: 0, isSampled: false, known: null, bandsMs: [] },
  durationMs: { p50: 0, p90: 0, p95: 0, p99: 0, max: 0, count: 0 },
  ...{ types: [], firstAt: 0, lastAt: 0 },
});

type Values = Record<string, Record<string, number>>;
/** Returns the counts of attributes as a store does, which lists no value of a single flow. */
const attributesOf = (values: Values): AttributeCount[] =>
  Object.entries(values).flatMap(([name, counts]) => {
    const flows = Object.values(counts);
    const nameFlows = flows.reduce((sum, one) => sum + one, 0);
    return Object.entries(counts)
      .map(([value, of]) => ({
        ...{ name, value, flows: of, nameValues: flows.length, nameFlows },
      }))
      .filter((one) => one.flows > 1);
  });

async function toldOf(
  here: Values,
  there: Values,
  counted: Partial<Comparison> = {},
  { sampled = FLOWS, flows = FLOWS } = {},
) {
  const store = {
    compare: async () => ({ traits: [], keys: [], statuses: [], known: null, ...counted }),
    countAttributes: async ({ search }: Population) => ({
      of: sampled,
      items: attributesOf(search.key === 'here' ? here : there),
    }),
  } as Partial<LensReader> as LensReader;
  const sides = [population('here', flows), population('there', flows)] as const;
  const { items } = await differencesLens(store, ...sides, '', 20);
  return items.map(({ value, alike }) => [value, ...alike]);
}

test('an attribute that is told anyway hides none of the same flows', async () => {
  const told = await toldOf(
    { 'code.function': { pack: 90 }, region: { eu2: 90 } },
    { 'code.function': { pack: 5 }, region: { eu2: 5 } },
    { keys: [{ name: 'kind', value: 'pack', here: 90, there: 5 }] },
  );
  expect(told).toEqual([['kind=pack'], ['region=eu2']]);
});

test('a value that both populations have is one value, and the values of each are counted', async () => {
  const regions = (a: number, b: number) => ({ region: { a, b, c: 2, d: 2, e: 2 } });
  expect(await toldOf(regions(30, 2), regions(2, 20))).toEqual([['region=a']]);
  const ids = (side: string) => ({
    id: Object.fromEntries([15, 3, 3, 3, 3, 3].map((flows, i) => [`${side}${i}`, flows])),
  });
  expect(await toldOf(ids('x'), ids('y'))).toEqual([]);
});

test('a value is told although a version of some service is called the same', async () => {
  const traits = ['1', '2'].map((version) => ({
    ...{ id: traitId('version', { service: 'mail', version }), here: 50, there: 50 },
    examples: [],
  }));
  const tenants = (one: number, two: number) => ({ tenant: { 1: one, 2: two } });
  expect(await toldOf(tenants(80, 20), tenants(20, 80), { traits })).toEqual([
    ['tenant=1'],
    ['tenant=2'],
  ]);
});

type Counts = [here: number, there: number];
const TOLD = ['tenant=1'];
test.each<[what: string, version: Counts, tenant: Counts, of: number, told: string[]]>([
  ['is not told, in as many flows', [50, 50], [80, 20], 100, TOLD],
  ['is not told, in nearly as many', [100, 100], [120, 80], 200, TOLD],
  ['is told, in others', [90, 40], [60, 5], 100, ['tenant=1', 'mail 1']],
  ['is told, in more', [90, 40], [98, 20], 100, ['tenant=1', 'mail 1']],
  ['is told, in as many', [90, 40], [90, 40], 100, ['mail 1']],
  ['is told, in as many here', [90, 40], [90, 5], 100, ['tenant=1', 'mail 1']],
  ['is told, in as many of a sample', [1800, 800], [186, 72], 2000, ['mail 1']],
  ['is told, in others of a sample', [1800, 800], [140, 10], 2000, ['tenant=1', 'mail 1']],
])('an attribute called like a version that %s', async (_what, version, tenant, flows, told) => {
  const traits = [version, [1, 2] as const].map(([here, there], i) => ({
    ...{ id: traitId('version', { service: 'mail', version: `${i + 1}` }), here, there },
    examples: [],
  }));
  const [here, there] = tenant;
  const sampled = Math.min(200, flows);
  const values = await toldOf(
    { tenant: { 1: here, 2: 2 } },
    { tenant: { 1: there, 2: 2 } },
    { traits },
    { sampled, flows },
  );
  expect(values.flat().sort()).toEqual([...told].sort());
});

test('an attribute that repeats the names of instances that were replaced is left out', async () => {
  const traits = ['a', 'b', 'c', 'd', 'e', 'f'].map((instance, i) => ({
    ...{ id: traitId('instance', { service: 'mail', instance }), examples: [] },
    ...(i < 3 ? { here: 25, there: 0 } : { here: 0, there: 25 }),
  }));
  const machines = [{ machine: { a: 25, b: 25, c: 25 } }, { machine: { d: 25, e: 25, f: 25 } }];
  expect(await toldOf(machines[0]!, machines[1]!, { traits })).toEqual([]);
  expect(await toldOf(machines[0]!, machines[1]!)).not.toEqual([]);
});

type Spread = [name: string, value: (i: number) => string, values: number, flows: number];
const spread = (first: number, [name, value, values, flows]: Spread): Values => ({
  [name]: Object.fromEntries(Array.from({ length: values }, (_, i) => [value(first + i), flows])),
});
const tenant = (i: number): string => `t-${i}`;
const address = (i: number): string => `10.0.0.${i}`;
test.each<[what: string, here: Spread, there: Spread, told: number]>([
  ['failing tenants', ['tenant', tenant, 4, 50], ['tenant', tenant, 50, 4], 4],
  ['failing tenants of few', ['tenant', tenant, 4, 50], ['tenant', tenant, 5, 40], 9],
  ['sessions', ['session', tenant, 50, 4], ['session', tenant, 50, 4], 0],
  [
    'replaced peers',
    ['network.peer.address', address, 5, 40],
    ['network.peer.address', address, 5, 40],
    0,
  ],
  [
    'replaced clients',
    ['messaging.client.id', tenant, 5, 40],
    ['messaging.client.id', tenant, 5, 40],
    0,
  ],
  ['replaced tasks', ['aws.ecs.task.arn', tenant, 5, 40], ['aws.ecs.task.arn', tenant, 5, 40], 0],
  [
    'groups of consumers',
    ['messaging.consumer.group.name', tenant, 3, 60],
    ['messaging.consumer.group.name', tenant, 3, 60],
    6,
  ],
])('attributes of %s, of which nothing is on both sides', async (_what, here, there, told) => {
  const sides = [spread(0, here), spread(100, there)] as const;
  const values = await toldOf(...sides, {}, { sampled: 200, flows: 200 });
  expect(values.flat()).toHaveLength(told);
});
