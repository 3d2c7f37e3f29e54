import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { viewAt, type Flow, type Hop, type Step } from '../../model/flow.ts';
import type { Query } from '../../model/search.ts';
import { matchesQuery } from '../../model/search-match.ts';
import { msOf, nanosFromMs } from '../../model/time.ts';
import { anySketches, toSpans } from '../../testing/any-spans.ts';
import { createBench } from '../../testing/correlator-harness.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../testing/embedded-store.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { parseQuery } from '../language/parse.ts';
import { createFailureNotes } from '../failure-notes.ts';
import { coordinationLens } from './coordination.ts';
import { differencesLens } from './differences.ts';
import { failuresLens } from './failures.ts';
import { latencyLens, quantilesOf } from './latency.ts';
import { mapLens } from './map.ts';
import { trendLens } from './trend.ts';
import { variantsLens } from './variants.ts';

/**
 * Tests that every lens gives, for any filter, the same as a direct count over the flows. The flows
 * are made from random spans, and by a generator of whole flows with every status.
 */
const NOW = 1_800_000_000_000;
let opened: EmbeddedStore;
let all: Flow[];

beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  const random = fc.sample(anySketches, { numRuns: 40, seed: 7 }).flatMap((list, i) => {
    const bench = createBench();
    bench.take(toSpans(list));
    return [...bench.flows().values()].map((flow) => ({ ...flow, id: `${flow.id}-${i}` }));
  });
  const made = [...someFlows(600, NOW), ...random];
  await opened.insert(made);
  all = made.map((flow) => viewAt(flow, 2, 1, NOW).flow);
}, 120_000);
afterAll(() => opened.close());

const FILTERS = [
  '',
  'status:failed',
  'type:order-* duration>1s',
  'step:ChargeCard -service:email',
  '(failed:* or retries>0) and not status:stuck',
  'OrderPlaced > PaymentCaptured',
  'message:orders wait>1s',
  'error:fail*',
  'type:nothing-has-this',
];
const populationOf = async (q: string) => {
  const query = parseQuery(q, NOW);
  const population = await opened.store.population({ limit: 1, ...(query && { query }) });
  const flows = query ? all.filter((flow) => matchesQuery(query, flow, NOW)) : all;
  expect([population.total, population.used]).toEqual([flows.length, flows.length]);
  // Populations whose ids are known, small ones and large ones are read from the store in three
  // different ways. The filters take turns in using them.
  const way = [{}, { known: null }, { known: null, total: 60_000 }][FILTERS.indexOf(q) % 3];
  return { population: { ...population, ...way }, flows };
};
/** Returns the number of flows that a query finds. */
const found = async (q: string): Promise<number> =>
  (await opened.store.listFlows({ query: parseQuery(q, NOW)!, limit: 1 })).total;

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
const nodeOf = ({ service, name }: Step): string => `${service} ${name}`;
const near = (a: number, b: number): void => expect(a).toBeCloseTo(b, 2);

test.each(FILTERS)('map of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  const { nodes, edges, folded, directlyFollows } = await mapLens(opened.store, population, q, {
    follows: 'start',
    maxEdges: 5000,
  });
  expect(folded).toEqual({ nodes: 0, edges: 0 });
  const steps = flows.flatMap((flow) => flow.steps);
  const seen = nodes.filter(({ flows: having }) => having > 0);
  expect(new Map(seen.map((node) => [`${node.service} ${node.step}`, node.count]))).toEqual(
    countBy(steps, nodeOf),
  );
  for (const node of seen) {
    const mine = steps.filter((step) => nodeOf(step) === `${node.service} ${node.step}`);
    const having = flows.filter((flow) => flow.steps.some((step) => mine.includes(step)));
    expect(node.flows).toBe(having.length);
    expect(node.failed).toBe(mine.filter(({ status }) => status === 'failed').length);
    expect(node.running).toBe(mine.filter(({ end }) => end === null).length);
    expect(node.retried).toBe(mine.filter(({ attempts }) => attempts.length > 1).length);
    const work = mine.flatMap(({ start, end }) => (end === null ? [] : [msOf(end) - msOf(start)]));
    const quantiles = quantilesOf(work);
    near(node.workMs.p50, quantiles.p50);
    near(node.workMs.p99, quantiles.p99);
    near(node.workMs.max, quantiles.max);
    expect(node.exampleFlowIds.length).toBeGreaterThan(0);
    for (const id of node.exampleFlowIds) expect(having.some((flow) => flow.id === id)).toBe(true);
    expect(await found(node.q)).toBe(node.flows);
  }
  const hops = flows.flatMap((flow) => flow.hops);
  const stated = edges.filter((edge) => edge.sync || edge.message !== null);
  expect(stated.reduce((sum, { count }) => sum + count, 0)).toBe(hops.length);
  expect(edges.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(
    hops.filter(({ state }) => state === 'waiting').length,
  );
  const names = new Map(nodes.map((node) => [node.id, `${node.service} ${node.step}`]));
  const ways = countBy(
    flows.flatMap((flow) =>
      flow.hops.map(({ from, to, sync, message }) => {
        const name = (id: string | null, none: string): string => {
          const step = flow.steps.find((one) => one.id === id);
          return step === undefined ? none : nodeOf(step);
        };
        const { kind, type, system, destination } = message;
        const what = sync ? 'call' : JSON.stringify({ kind, type, system, destination });
        return `${name(from, 'start')} > ${name(to, 'end')} ${what}`;
      }),
    ),
    (way) => way,
  );
  expect(
    new Map(
      stated.map(({ from, to, sync, message, count }) => [
        `${names.get(from) ?? from} > ${names.get(to) ?? to} ${sync ? 'call' : JSON.stringify(message)}`,
        count,
      ]),
    ),
  ).toEqual(ways);
  for (const edge of edges.slice(0, 20)) expect(await found(edge.q)).toBe(edge.flows);
  const inOrder = flows.map(({ steps: list }) => byStart(list).map(({ name }) => name));
  expect(
    new Map(directlyFollows!.items.map(({ from, to, count }) => [`${from}>${to}`, count])),
  ).toEqual(
    countBy(
      inOrder.flatMap((list) => ['', ...list].map((from, i) => `${from}>${list[i] ?? ''}`)),
      (pair) => pair,
    ),
  );
});

const byStart = (steps: readonly Step[]): Step[] =>
  steps
    .map((step, i) => ({ step, i }))
    .sort((a, b) =>
      a.step.start < b.step.start ? -1 : a.step.start > b.step.start ? 1 : a.i - b.i,
    )
    .map(({ step }) => step);

test.each(FILTERS)('variants of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  const { items, others } = await variantsLens(opened.store, population, q, 1000);
  expect(others).toEqual({ variants: 0, flows: 0 });
  const nameOf = ({ steps }: Flow): string => JSON.stringify(steps.map(({ name }) => name));
  expect(new Map(items.map(({ steps, flows: having }) => [JSON.stringify(steps), having]))).toEqual(
    countBy(flows, nameOf),
  );
  for (const item of items.slice(0, 10)) {
    const mine = flows.filter((flow) => nameOf(flow) === JSON.stringify(item.steps));
    expect(new Map(Object.entries(item.outcomes))).toEqual(countBy(mine, ({ status }) => status));
    expect(new Map(item.types.map(({ type, flows: of }) => [type, of]))).toEqual(
      countBy(mine, ({ type }) => type),
    );
    near(item.durationMs.p90, quantilesOf(mine.map(({ durationMs }) => durationMs)).p90);
    expect(await found(item.q)).toBe(item.flows);
  }
});

test.each(FILTERS)('latency of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  const points = { from: 'OrderPlaced', to: 'PaymentCaptured' };
  const { chain, durationMs, heatmap, between } = await latencyLens(opened.store, population, q, {
    between: points,
  });
  const durations = flows.map((flow) => flow.durationMs);
  near(durationMs.p50, quantilesOf(durations).p50);
  near(durationMs.p99, quantilesOf(durations).p99);
  expect(heatmap.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(flows.length);
  // The times of all segments sum to the duration of the flows, and their shares to 1.
  const mean = durations.reduce((sum, ms) => sum + ms, 0) / Math.max(1, flows.length);
  const told = chain.reduce((sum, { meanMs }) => sum + meanMs, 0);
  expect(Math.abs(told - mean)).toBeLessThanOrEqual(chain.length * 0.001 + mean * 1e-9);
  for (const share of ['shareAtP50', 'shareAtP90', 'shareAtP99'] as const)
    if (mean > 0) {
      const sum = chain.reduce((all_, segment) => all_ + segment[share], 0);
      expect(sum === 0 || Math.abs(sum - 1) < 1e-6).toBe(true);
    }
  for (const segment of chain.slice(0, 10)) expect(await found(segment.q)).toBe(segment.flows);
  const times = flows.flatMap((flow) => {
    const events = [
      ...flow.steps.map(({ name, start }) => ({ name, at: Math.floor(msOf(start)) })),
      ...flow.hops.map(({ message, sent }) => ({ name: message.type, at: Math.floor(msOf(sent)) })),
    ];
    const first = Math.min(...events.flatMap(({ name, at }) => (name === points.from ? [at] : [])));
    const then = events.flatMap(({ name, at }) => (name === points.to && at >= first ? [at] : []));
    return Number.isFinite(first) && then.length > 0 ? [Math.min(...then) - first] : [];
  });
  expect(between!.ms.count).toBe(times.length);
  near(between!.ms.p95, quantilesOf(times).p95);
  expect(between!.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(times.length);
});

test.each(FILTERS)('failures of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  const notes = createFailureNotes(opened.store, () => NOW);
  const { items } = await failuresLens(opened.store, population, q, { limit: 1000, notes });
  const hasFailed = (flow: Flow, id: string | null): boolean =>
    flow.steps.some((step) => step.id === id && step.status === 'failed');
  const failing = flows.flatMap((flow) =>
    flow.steps.flatMap((step) => {
      // A step that failed because the step that it called last had failed is not counted.
      const lastCall = flow.hops
        .filter(({ sync, from, to }) => sync && from === step.id && to !== from)
        .reduce<Hop | null>((last, hop) => (last && last.sent > hop.sent ? last : hop), null);
      const isCaller = lastCall !== null && hasFailed(flow, lastCall.to);
      if (step.status === 'failed' && isCaller) return [];
      const attempts = step.attempts.filter(({ status }) => status === 'failed').length;
      const count = attempts > 0 ? attempts : step.status === 'failed' ? 1 : 0;
      return Array.from({ length: count }, () => ({ flow, step }));
    }),
  );
  const where = countBy(failing, ({ step }) => nodeOf(step));
  const got = new Map<string, number>();
  for (const { service, step, count } of items)
    got.set(`${service} ${step}`, (got.get(`${service} ${step}`) ?? 0) + count);
  expect(got).toEqual(where);
  for (const item of items.slice(0, 10)) {
    expect(await found(item.q)).toBe(item.flows);
    expect(item.trend.reduce((sum, count) => sum + count, 0)).toBe(item.flows);
    expect(item.flowTypes.reduce((sum, one) => sum + one.flows, 0)).toBe(item.flows);
  }
});

test('a failure that is over has no bar at the end of the time that was asked for', async () => {
  const notes = createFailureNotes(opened.store, () => NOW);
  // These flows started halfway between the time that is asked for and now.
  const query = parseQuery('-type:order-* -type:signup', NOW)!;
  const from = nanosFromMs(1_600_000_000_000);
  const trendsOf = async (toMs: number): Promise<number[][]> => {
    const search = { limit: 1, query, from, to: nanosFromMs(toMs) };
    const population = await opened.store.population(search);
    const { items } = await failuresLens(opened.store, population, '', { limit: 10, notes });
    return items.map(({ trend }) => trend);
  };
  const trends = await trendsOf(NOW);
  expect(trends.length).toBeGreaterThan(0);
  for (const trend of trends) {
    expect(trend.slice(10, 14).some((flows) => flows > 0)).toBe(true);
    expect([...trend.slice(0, 10), ...trend.slice(14)].every((flows) => flows === 0)).toBe(true);
  }
  // What is still to come is no part of the time.
  expect(await trendsOf(10 * NOW)).toEqual(trends);
});

test.each(FILTERS)('trend of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  // The random spans are years older than the other flows, so the buckets become longer.
  const { buckets } = await trendLens(opened.store, population, { by: 'status', incidents: [] });
  expect(buckets.length).toBeLessThanOrEqual(62);
  expect(buckets.reduce((sum, bucket) => sum + bucket.flows, 0)).toBe(flows.length);
  const counts = new Map<string, number>();
  for (const bucket of buckets)
    for (const [status, count] of Object.entries(bucket.counts))
      counts.set(status, (counts.get(status) ?? 0) + count);
  expect(counts).toEqual(countBy(flows, ({ status }) => status));
});

test('what is new in a time was not there before it', async () => {
  const starts = all.map(({ started }) => msOf(started)).sort((a, b) => a - b);
  const from = nanosFromMs(starts[Math.floor(starts.length * 0.7)]!);
  const changesOf = async (search: object) => {
    const population = await opened.store.population({ limit: 1, ...search });
    const { annotations } = await trendLens(opened.store, population, {
      ...{ by: 'status', incidents: [] },
    });
    return annotations.filter(({ kind }) => kind === 'variant').map(({ text }) => text);
  };
  const waysOf = (flows: readonly Flow[]): Set<string> =>
    new Set(flows.map(({ steps }) => steps.map(({ name }) => name).join(' → ')));
  const before = waysOf(all.filter(({ started }) => started < from));
  const told = await changesOf({ from });
  expect(told.filter((text) => before.has(text))).toEqual([]);
  // A query may demand the same time, alone or beside other parts.
  const since: Query = { kind: 'time', op: 'since', atMs: msOf(from) };
  const any: Query = { kind: 'number', field: 'steps', op: '>=', value: 0 };
  expect(await changesOf({ query: since })).toEqual(told);
  expect(await changesOf({ query: { kind: 'and', of: [any, since] } })).toEqual(told);
  // Without a time nothing lies before, and what began later than the first flow is told.
  expect((await changesOf({})).length).toBeGreaterThan(told.length);
});

test.each(FILTERS)('differences of %s to the rest', async (q) => {
  if (q === '') return;
  const { population, flows } = await populationOf(q);
  const rest = await populationOf(`not (${q})`);
  expect(flows.length + rest.flows.length).toBe(all.length);
  const { items } = await differencesLens(opened.store, population, rest.population, q, 200);
  for (const { field, value, share, baselineShare } of items) {
    if (field !== 'step') continue;
    const having = (list: readonly Flow[]): number =>
      list.filter(({ steps }) => steps.some((step) => nodeOf(step) === value)).length;
    expect(share).toBeCloseTo(having(flows) / flows.length, 9);
    expect(baselineShare).toBeCloseTo(having(rest.flows) / rest.flows.length, 9);
  }
});

/** Returns whether a step of another service follows from one of this service, or calls it. */
function waitsFor(flow: Flow, service: string, flows: readonly Flow[]): boolean {
  return flow.hops.some((hop) => {
    const [sender, receiver] = endsOf(flow, hop);
    if (sender === undefined || receiver === undefined || sender.service === receiver.service)
      return false;
    if (sender.service !== service && !(hop.sync && receiver.service === service)) return false;
    // A message that flows of a type always give up leads to nobody there who waits.
    return (
      hop.state !== 'dead-lettered' ||
      flows.some(
        (other) =>
          other.type === flow.type &&
          other.hops.some(
            (one) => one.state !== 'dead-lettered' && edgeOf(other, one) === edgeOf(flow, hop),
          ),
      )
    );
  });
}
const endsOf = (flow: Flow, hop: Hop) =>
  [hop.from, hop.to].map((id) => flow.steps.find((step) => step.id === id));
function edgeOf(flow: Flow, hop: Hop): string {
  const { kind, type, system, destination } = hop.message;
  const ends = endsOf(flow, hop).map((step) => step && nodeOf(step));
  return JSON.stringify([ends, hop.sync || [kind, type, system, destination]]);
}

test.each(FILTERS)('coordination of %s', async (q) => {
  const { population, flows } = await populationOf(q);
  const { types } = await coordinationLens(opened.store, population, q);
  const ofType = countBy(flows, ({ type }) => type);
  expect(types).toHaveLength(Math.min(50, ofType.size));
  for (const { type, flows: having } of types) expect(having).toBe(ofType.get(type));
  for (const report of types) {
    const mine = flows.filter(({ type }) => type === report.type);
    const services = new Map(report.ifStops.map((one) => [one.service, one.flowsShare]));
    for (const [service, share] of services)
      expect(share).toBeCloseTo(
        mine.filter((flow) => flow.services.includes(service)).length / mine.length,
        9,
      );
    for (const { service, heldShare } of report.ifStops)
      expect(heldShare, service).toBeCloseTo(
        mine.filter((flow) => waitsFor(flow, service, flows)).length / mine.length,
        9,
      );
    const between = mine.flatMap((flow) =>
      flow.hops.filter(({ from, to, message, sync }) => {
        const [a, b] = [from, to].map((id) => flow.steps.find((step) => step.id === id)?.service);
        const isTimer = !sync && message.kind === 'timer';
        return a !== undefined && b !== undefined && a !== b && !isTimer;
      }),
    );
    expect(report.hops).toBe(between.length);
    if (between.length > 0)
      expect(report.shares.call).toBeCloseTo(
        between.filter(({ sync }) => sync).length / between.length,
        9,
      );
  }
});

test('what ids stand for is learned again after a restart, from flows that have them', async () => {
  const { population } = await populationOf('');
  const before = await mapLens(opened.store, population, '', {});
  vi.resetModules(); // Whatever was remembered is forgotten, as by a new process.
  const fresh = await import('./map.ts');
  const names = await import('../../analyze/index.ts');
  expect(names.traitNamed(BigInt(`0x${before.nodes[0]!.id}`))).toBeUndefined();
  const after = await fresh.mapLens(opened.store, population, '', {});
  expect(after.nodes).toEqual(before.nodes);
  expect(after.edges).toEqual(before.edges);
});

test('a lens takes a time as well, and points of its own beside it', async () => {
  const from = nanosFromMs(NOW - 3_600_000);
  const population = await opened.store.population({ limit: 1, from });
  const flows = all.filter(({ started }) => started >= from);
  expect(population.total).toBe(flows.length);
  const points = { from: 'OrderPlaced', to: 'ShipOrder' };
  const { between } = await latencyLens(opened.store, population, '', { between: points });
  expect(between!.ms.count).toBeGreaterThan(0);
  expect(between!.ms.count).toBeLessThan(flows.length);
});
