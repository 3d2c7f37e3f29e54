import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewAt, type Flow } from '../../model/flow.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { someFlows } from '../../testing/some-flows.ts';

const NOW = 1_800_000_000_000;
let opened: EmbeddedStore;
let all: Flow[];
beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  const made = someFlows(300, NOW);
  await opened.insert(made);
  all = made.map((flow) => viewAt(flow, 2, 1, NOW).flow);
}, 120_000);
afterAll(() => opened.close());

test('facets count each flow once for each of its values, as a list would', async () => {
  for (const types of [undefined, [all[0]!.type]]) {
    const flows = all.filter((flow) => types === undefined || types.includes(flow.type));
    const counts = await opened.store.countFacets({ limit: 1, ...(types && { types }) }, 100);
    const expected = new Map<string, number>();
    for (const { status, type, environment, services } of flows)
      for (const facet of [
        `status ${status}`,
        `type ${type}`,
        `environment ${environment}`,
        ...services.map((service) => `service ${service}`),
      ])
        expected.set(facet, (expected.get(facet) ?? 0) + 1);
    expect(new Map(counts.map(({ field, value, flows: n }) => [`${field} ${value}`, n]))).toEqual(
      expected,
    );
  }
});
