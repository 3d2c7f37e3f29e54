import { expect, test } from 'vitest';
import type { FlowSearch } from '../../model/search.ts';
import { openEmbeddedStore } from '../../testing/embedded-store.ts';
import { PARTS, simulatedFlows, type Process } from '../../testing/simulated-flows.ts';
import { trendLens } from './trend.ts';

test('a version that ran before is no change, only because another one runs beside it', async () => {
  const process: Process = {
    medians: PARTS,
    versionOf: (service, order) =>
      service === 'billing'
        ? ['1.4.2', '1.5.0'][order % 2]!
        : service === 'carrier' && order >= 45
          ? '2'
          : '1',
  };
  const flows = simulatedFlows(process, 1, 60);
  const starts = flows.map(({ started }) => started).sort((a, b) => (a < b ? -1 : 1));
  const opened = await openEmbeddedStore(1_800_000_000_000);
  try {
    await opened.insert(flows);
    const versionsOf = async (search: Partial<FlowSearch>) => {
      const population = await opened.store.population({ ...search, limit: 1 });
      const asked = { by: 'type' as const, incidents: [] };
      const { annotations } = await trendLens(opened.store, population, asked);
      return annotations.filter(({ kind }) => kind === 'version').map(({ text }) => text);
    };
    expect(await versionsOf({ from: starts[30]! })).toEqual(['carrier 2']);
    // Without a time, nothing lies before, and the second of two versions is new.
    expect(await versionsOf({})).toEqual(['billing 1.5.0', 'carrier 2']);
  } finally {
    await opened.close();
  }
}, 60_000);
