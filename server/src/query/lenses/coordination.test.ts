import { expect, test } from 'vitest';
import type { Flow } from '../../model/flow.ts';
import { openEmbeddedStore } from '../../testing/embedded-store.ts';
import { PARTS, simulatedFlows } from '../../testing/simulated-flows.ts';
import { coordinationLens } from './coordination.ts';

test('a rare type whose messages are given up lets no other type wait for nobody', async () => {
  const orders = simulatedFlows({ medians: PARTS }, 1, 20);
  const refunds = simulatedFlows({ medians: PARTS }, 2, 1).map((flow): Flow => {
    const packing = flow.steps.find(({ name }) => name === 'pack')!;
    const hops = flow.hops.map((hop) =>
      hop.from === packing.id ? { ...hop, state: 'dead-lettered' as const } : hop,
    );
    return { ...flow, id: `${flow.id}-refund`, type: 'refund', hops };
  });
  const opened = await openEmbeddedStore(1_800_000_000_000);
  try {
    await opened.insert([...orders, ...refunds]);
    const population = await opened.store.population({ limit: 1 });
    const { types } = await coordinationLens(opened.store, population, '');
    expect(types.map(({ type, flows }) => [type, flows])).toEqual([
      ['order', 20],
      ['refund', 1],
    ]);
    const ifStops = types[0]!.ifStops.map(({ service, heldShare }) => [service, heldShare]);
    expect(Object.fromEntries(ifStops)).toMatchObject({ shop: 1, warehouse: 1, billing: 1 });
  } finally {
    await opened.close();
  }
}, 60_000);
