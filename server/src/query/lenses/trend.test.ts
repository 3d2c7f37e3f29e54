import { afterAll, beforeAll, expect, test } from 'vitest';
import { msOf } from '../../model/time.ts';
import type { FlowSearch } from '../../model/search.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { PARTS, simulatedFlows, type Process } from '../../testing/simulated-flows.ts';
import { parseQuery } from '../language/parse.ts';
import { trendLens } from './trend.ts';

/**
 * Tests which versions are told as changes. Two versions of billing run side by side, and billing
 * fails from order 45 on, with which version 2 of the carrier comes. In another environment and in
 * another type all ran version 2 of the carrier before, and billing 1.4.2.
 */
const NOW = 1_800_000_000_000;
const process: Process = {
  medians: PARTS,
  versionOf: (service, order) =>
    service === 'billing'
      ? ['1.4.2', '1.5.0'][order % 2]!
      : service === 'carrier' && order >= 45
        ? '2'
        : '1',
  fails: (step, order) => step === 'bill' && order >= 45,
};
const flows = simulatedFlows(process, 1, 60);
const startOf = (order: number) =>
  flows.map(({ started }) => started).sort((a, b) => (a < b ? -1 : 1))[order]!;
const elsewhere: Process = {
  medians: PARTS,
  versionOf: (service) => (service === 'billing' ? '1.4.2' : service === 'carrier' ? '2' : '1'),
};

let opened: EmbeddedStore;
beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  const others = simulatedFlows(elsewhere, 1, 20);
  await opened.insert([
    ...flows,
    ...others.map((flow) => ({ ...flow, id: `${flow.id}-test`, environment: 'test' })),
    ...others.map((flow) => ({ ...flow, id: `${flow.id}-return`, type: 'return' })),
  ]);
}, 60_000);
afterAll(() => opened.close());

const from = startOf(30);
const ORDERS = { types: ['order'], environments: [flows[0]!.environment] };
test.each<[what: string, search: Partial<FlowSearch>, q: string, told: string[]]>([
  ['a time', { ...ORDERS, from }, '', ['carrier 2']],
  // Without a time nothing lies before, and the second of two versions is new.
  ['no time', ORDERS, '', ['billing 1.5.0', 'carrier 2']],
  ['a time and a query', { ...ORDERS, from }, 'steps>0', ['carrier 2']],
  ['those that failed', { ...ORDERS, from }, 'failed:bill', []],
  ['those that failed, at any time', ORDERS, 'failed:bill', []],
  ['those that failed, by status', { ...ORDERS, statuses: ['failed'] }, '', []],
  ['a time in the query', ORDERS, `since:${new Date(msOf(from)).toISOString()}`, ['carrier 2']],
  [
    'types and environments in the query',
    { from },
    'type:order not environment:test steps>0',
    ['carrier 2'],
  ],
  // Elsewhere it ran before.
  ['all environments', { types: ['order'], from }, '', []],
  ['all types', { environments: ORDERS.environments, from }, '', []],
])('versions that are changes among flows of %s', async (_what, search, q, told) => {
  const query = parseQuery(q, NOW);
  const population = await opened.store.population({
    ...search,
    ...(query && { query }),
    limit: 1,
  });
  expect(population.total).toBeGreaterThan(0);
  const { annotations } = await trendLens(opened.store, population, { by: 'type', incidents: [] });
  expect(annotations.filter(({ kind }) => kind === 'version').map(({ text }) => text)).toEqual(
    told,
  );
});
