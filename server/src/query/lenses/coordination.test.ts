import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../../model/flow.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { PARTS, simulatedFlows } from '../../testing/simulated-flows.ts';
import { coordinationLens } from './coordination.ts';

let opened: EmbeddedStore;
beforeAll(async () => {
  opened = await openEmbeddedStore(1_800_000_000_000);
}, 60_000);
afterAll(() => opened.close());

/** How many flows of a type there are, and of how many the messages of packing are given up. */
type Given = [flows: number, givenUp: number];
/** Share of the flows of each type in which others wait for the warehouse, which packs. */
test.each<[orders: Given, refunds: Given, held: [order: number, refund: number]]>([
  [
    [20, 0],
    [1, 0],
    [1, 1],
  ],
  [
    [20, 0],
    [1, 1],
    [1, 0],
  ],
  [
    [20, 20],
    [1, 0],
    [0, 1],
  ],
  [
    [20, 20],
    [1, 1],
    [0, 0],
  ],
  // What is given up only sometimes is waited for.
  [
    [20, 3],
    [4, 4],
    [1, 0],
  ],
  [
    [20, 19],
    [4, 1],
    [1, 1],
  ],
])('of %j orders and %j refunds', async (orders, refunds, held) => {
  const environment = JSON.stringify([orders, refunds]);
  const flowsOf = (type: string, [count, givenUp]: Given, seed: number): Flow[] =>
    simulatedFlows({ medians: PARTS }, seed, count).map((flow, i): Flow => {
      const packing = flow.steps.find(({ name }) => name === 'pack')!;
      const hops = flow.hops.map((hop) =>
        hop.from === packing.id && i < givenUp ? { ...hop, state: 'dead-lettered' as const } : hop,
      );
      return { ...flow, id: `${environment} ${type} ${i}`, environment, type, hops };
    });
  await opened.insert([...flowsOf('order', orders, 1), ...flowsOf('refund', refunds, 2)]);
  const population = await opened.store.population({ environments: [environment], limit: 1 });
  const { types } = await coordinationLens(opened.store, population, '');
  expect(types.map(({ type, flows }) => [type, flows])).toEqual([
    ['order', orders[0]],
    ['refund', refunds[0]],
  ]);
  const shares = types.map(({ ifStops }) =>
    Object.fromEntries(ifStops.map(({ service, heldShare }) => [service, heldShare])),
  );
  // The messages of others are taken.
  for (const share of shares) expect(share).toMatchObject({ shop: 1, billing: 1 });
  expect(shares.map(({ warehouse }) => warehouse)).toEqual(held);
});
