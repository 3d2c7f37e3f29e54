import { expect, test } from 'vitest';
import { PARTS, roll, simulatedFlows, type Process } from '../../testing/simulated-flows.ts';
import type { Flow } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import { openEmbeddedStore } from '../../testing/embedded-store.ts';
import { parseQuery } from '../language/parse.ts';
import { createFailureNotes } from '../failure-notes.ts';
import { differencesLens } from './differences.ts';
import { failuresLens } from './failures.ts';
import { changedParts, latencyLens } from './latency.ts';
import { trendLens } from './trend.ts';

/**
 * Tests the lenses with simulated flows into which one fault was built: the lenses have to find it.
 */
const NOW = 1_800_000_000_000;
const ORDERS = 120;

async function withFlows<T>(
  flows: readonly Flow[],
  look: (store: Awaited<ReturnType<typeof openEmbeddedStore>>['store']) => Promise<T>,
): Promise<T> {
  const opened = await openEmbeddedStore(NOW);
  try {
    await opened.insert(flows);
    return await look(opened.store);
  } finally {
    await opened.close();
  }
}
const named = (flows: readonly Flow[], type: string): Flow[] =>
  flows.map((flow) => ({ ...flow, id: `${flow.id}${type}`, type }));

test('the hop that became slow is the first of what changed, in 20 of 20 runs', async () => {
  const hops = ['pack', 'bill', 'ship'];
  const runs = Array.from({ length: 20 }, (_, i) => ({ hop: hops[i % 3]!, i }));
  const flows = runs.flatMap(({ hop, i }) => {
    // The message to billing is on the critical path only if it waits much longer than usual.
    const slow = {
      ...PARTS,
      [`wait ${hop}`]: PARTS[`wait ${hop}`]! + (hop === 'bill' ? 2000 : 300),
    };
    return [
      ...named(simulatedFlows({ medians: PARTS }, i, ORDERS), `before-${i}`),
      ...named(simulatedFlows({ medians: slow }, i + 100, ORDERS), `after-${i}`),
    ];
  });
  await withFlows(flows, async (store) => {
    for (const { hop, i } of runs) {
      const chainOf = async (type: string) => {
        const population = await store.population({ types: [type], limit: 1 });
        return (await latencyLens(store, population, '', {})).chain;
      };
      const changed = changedParts(await chainOf(`after-${i}`), await chainOf(`before-${i}`));
      expect(changed[0], `run ${i}`).toMatchObject({ kind: 'queue-wait', step: hop });
    }
  });
}, 120_000);

test('the seeded difference is the first, in at least 18 of 20 runs', async () => {
  const runs = Array.from({ length: 20 }, (_, i) => i);
  const seeds: Record<number, (i: number) => { process: Process; wanted: object }> = {
    0: (i) => ({
      // The fault: one instance of the warehouse fails far more often than the others.
      wanted: { field: 'instance', value: 'warehouse pod-3' },
      process: {
        medians: PARTS,
        instanceOf: (service, order) => `pod-${Math.floor(roll(order + i, service) * 5)}`,
        fails: (step, order) =>
          step === 'pack' &&
          roll(order, `fails ${i}`) <
            (Math.floor(roll(order + i, 'warehouse') * 5) === 3 ? 0.7 : 0.02),
      },
    }),
    1: (i) => ({
      // The fault: a new version of the carrier fails.
      wanted: { field: 'version', value: 'carrier 2.4' },
      process: {
        medians: PARTS,
        versionOf: (service, order) => (roll(order + i, service) < 0.3 ? '2.4' : '2.3'),
        fails: (step, order) =>
          step === 'ship' &&
          roll(order, `fails ${i}`) < (roll(order + i, 'carrier') < 0.3 ? 0.6 : 0.03),
      },
    }),
  };
  const flows = runs.flatMap((i) =>
    named(simulatedFlows(seeds[i % 2]!(i).process, i, ORDERS), `run-${i}`),
  );
  const right = await withFlows(flows, async (store) => {
    let first = 0;
    for (const i of runs) {
      const of = async (q: string) =>
        store.population({ types: [`run-${i}`], query: parseQuery(q, NOW)!, limit: 1 });
      const [here, there] = [await of('status:failed'), await of('not status:failed')];
      const { items } = await differencesLens(store, here, there, 'status:failed', 20);
      // That failed flows contain a failure and have the status failed is trivial, so it is
      // skipped.
      const [top] = items.filter(({ field }) => field !== 'failure' && field !== 'status');
      const { wanted } = seeds[i % 2]!(i);
      if (JSON.stringify({ field: top?.field, value: top?.value }) === JSON.stringify(wanted))
        first++;
    }
    return first;
  });
  expect(right).toBeGreaterThanOrEqual(18);
}, 120_000);

test('a message that is given up is one dead letter, however often it was tried', async () => {
  const flows = simulatedFlows({ medians: PARTS, fails: (step) => step === 'pack' }, 1, 20).map(
    (flow, i): Flow => {
      const packing = flow.steps.find(({ name }) => name === 'pack')!;
      const shipping = flow.steps.find(({ name }) => name === 'ship')!;
      const [attempt] = packing.attempts;
      const attempts = [attempt!, attempt!, attempt!];
      const steps = flow.steps.map((step) => {
        if (step.id === packing.id) return { ...step, attempts };
        // Some of those who look at a dead letter fail at that, which gives nothing up.
        return step.id === shipping.id && i < 5 ? { ...step, status: 'failed' as const } : step;
      });
      const hops = flow.hops.map((hop) =>
        hop.from === packing.id && i < 12 ? { ...hop, state: 'dead-lettered' as const } : hop,
      );
      return { ...flow, steps, hops };
    },
  );
  const counts = await withFlows(flows, async (store) => {
    const notes = createFailureNotes(store, () => NOW);
    const population = await store.population({ limit: 1 });
    const { items } = await failuresLens(store, population, '', { limit: 9, notes });
    return items.map(({ step, flows: having, count, deadLettered }) => ({
      ...{ step, flows: having, count, deadLettered },
    }));
  });
  expect(counts).toEqual([
    { step: 'pack', flows: 20, count: 60, deadLettered: 12 },
    { step: 'ship', flows: 5, count: 5, deadLettered: 0 },
  ]);
}, 60_000);

test('a rollback is a change, and names what it came after', async () => {
  const process: Process = {
    medians: PARTS,
    versionOf: (service, order) =>
      service === 'billing' && order >= 50 && order < 80 ? '1.5.0' : '1.4.2',
  };
  const flows = [
    ...named(simulatedFlows(process, 1, ORDERS), 'rolled-back'),
    ...named(simulatedFlows({ ...process, versionOf: () => '1' }, 2, ORDERS), 'steady'),
    // Another environment ran what was new for some time, beside this one.
    ...named(simulatedFlows({ ...process, versionOf: () => '1.4.2' }, 3, ORDERS), 'tested'),
    ...named(simulatedFlows({ ...process, versionOf: () => '1.5.0' }, 4, 20), 'tested').map(
      (flow) => ({ ...flow, id: `${flow.id}-test`, environment: 'test' }),
    ),
  ];
  const said = await withFlows(flows, async (store) => {
    const of = async (types: string[]) =>
      trendLens(store, await store.population({ types, limit: 1 }), { by: 'type', incidents: [] });
    const changes = async (types: string[]) =>
      (await of(types)).annotations.filter(({ kind }) => kind === 'version');
    expect(await changes(['steady'])).toEqual([]);
    expect((await changes(['tested'])).filter(({ text }) => text.includes('back'))).toEqual([]);
    return changes(['rolled-back']);
  });
  const startOf = (order: number): string =>
    new Date(Math.min(...flows.map(({ started }) => msOf(started))) + order * 60_000).toISOString();
  expect(said).toEqual([
    { at: startOf(50), kind: 'version', text: 'billing 1.5.0' },
    { at: startOf(80), kind: 'version', text: 'billing 1.4.2 is back, after 1.5.0' },
  ]);
}, 60_000);

test('versions that run in turn in very many flows are compared within bounded memory', async () => {
  const process: Process = {
    medians: PARTS,
    versionOf: (service, order) =>
      service === 'billing' && (order % 2 === 1 || order >= 12_000) ? '1.5.0' : '1.4.2',
  };
  const flows = simulatedFlows(process, 1, 12_100);
  const said = await withFlows(flows, async (store) => {
    const population = await store.population({ limit: 1 });
    const { annotations } = await trendLens(store, population, { by: 'type', incidents: [] });
    return annotations.flatMap(({ kind, text }) => (kind === 'version' ? [text] : []));
  });
  expect(said).toEqual(['billing 1.5.0']);
}, 120_000);

test('a thousand failing flows of seven causes are seven groups', async () => {
  const causes: [string, (n: number) => string][] = [
    ['TimeoutError', (n) => `request ${n} took ${n * 7} ms`],
    ['TimeoutError', (n) => `connect to 10.0.${n % 256}.7:5432 timed out`],
    ['CardRefused', (n) => `card ending ${1000 + (n % 9000)} was refused by "bank ${n}"`],
    ['HttpError', () => 'bank answered 503'],
    ['HttpError', () => 'bank answered 404'],
    ['TypeError', () => 'x is not a function'],
    ['OutOfStock', (n) => `item 3fa85f64-5717-4562-b3fc-${String(n).padStart(12, '0')} is gone`],
  ];
  const flows = simulatedFlows(
    {
      ...{ medians: PARTS, fails: (step: string) => step === 'pack' },
      versionOf: () => '2.3',
      instanceOf: (_service: string, order: number) => `pod-${order % 2}`,
    },
    1,
    1000,
  ).map((flow, i): Flow => {
    const [type, messageOf] = causes[i % causes.length]!;
    const error = { type, message: messageOf(i) };
    return {
      ...flow,
      steps: flow.steps.map((step) =>
        step.status === 'failed'
          ? { ...step, error, attempts: step.attempts.map((one) => ({ ...one, error })) }
          : step,
      ),
    };
  });
  await withFlows(flows, async (store) => {
    const notes = createFailureNotes(store, () => NOW);
    const population = await store.population({ limit: 1 });
    const { items } = await failuresLens(store, population, '', { limit: 100, notes });
    expect(items).toHaveLength(7);
    expect(items.map(({ flows: having }) => having)).toEqual([143, 143, 143, 143, 143, 143, 142]);
    for (const { versions, instances, count } of items) {
      expect(versions).toEqual([{ version: '2.3', count }]);
      expect(instances.reduce((sum, one) => sum + one.count, 0)).toBe(count);
      expect(instances.map(({ instance }) => instance).sort()).toEqual(['pod-0', 'pod-1']);
    }
    // What people record about a failure stays with its group. A group that occurs again after it
    // was resolved has regressed.
    const { fingerprint } = items[0]!;
    const statusOf = async () =>
      (await failuresLens(store, population, '', { limit: 100, notes })).items.find(
        (one) => one.fingerprint === fingerprint,
      )!;
    await notes.add(fingerprint, 'ack', 'looking at it');
    expect(await statusOf()).toMatchObject({
      status: 'acknowledged',
      notes: [{ text: 'looking at it' }],
    });
    await notes.add(fingerprint, 'resolve', '');
    expect((await statusOf()).status).toBe('resolved');
    const earlier = createFailureNotes(store, () => 1);
    await earlier.add(fingerprint, 'resolve', '');
    const again = { ...earlier, all: async () => new Map([[fingerprint, RESOLVED_AT_ONCE]]) };
    const { items: later } = await failuresLens(store, population, '', { limit: 9, notes: again });
    expect(later.find((one) => one.fingerprint === fingerprint)!.status).toBe('regressed');
    expect(
      await store.population({ limit: 1, query: parseQuery('error:"10.0.8.7"', NOW)! }),
    ).toMatchObject({ total: 1 });
  });
}, 60_000);
const RESOLVED_AT_ONCE = { acknowledgedAt: null, resolvedAt: 1, notes: [] };
