import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCounted } from '../../model/keys.ts';
import { WORTHLESS } from '../../model/names.ts';
import type { Span } from '../../model/span.ts';
import { anyRushes, anySketches, toSpans, type Sketches } from '../../testing/any-spans.ts';
import { canonical, createBench } from '../../testing/correlator-harness.ts';

/**
 * Tests invariant I1: any order, duplication and batching of the same spans gives the same flows;
 * so do eviction and restart.
 */
const inOneGo = (spans: Span[], mostSends = 32): unknown => {
  const bench = createBench({ mostSends });
  bench.take(spans);
  bench.rest();
  return canonical(bench.flows());
};

/**
 * Number of generated cases. Number and seed are fixed, so that every run tests the same cases; set
 * PROPERTY_RUNS and PROPERTY_SEED to test others.
 */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 500);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 42);

const byRank = (list: Sketches): Sketches =>
  list.toSorted((a, b) => a.rank - b.rank || a.id - b.id);

/**
 * Maximum number of sends with one message name; a name with more sends is worthless. Some cases
 * use a small maximum, because the generated lists are too short to exceed that of a server.
 */
const mostSendsOf = fc.constantFrom(1, 2, 32);

test('order, duplication and batching do not matter', () => {
  fc.assert(
    fc.property(anySketches, fc.nat({ max: 4 }), mostSendsOf, (list, twice, mostSends) => {
      const bench = createBench({ mostSends });
      let batch: Span[] = toSpans(list).slice(0, twice);
      const spans = toSpans(list);
      for (const item of byRank(list)) {
        batch.push(spans[list.indexOf(item)]!);
        if (item.then === 'more') continue;
        bench.take(batch);
        batch = [];
      }
      bench.take(batch);
      bench.rest();
      expect(canonical(bench.flows())).toEqual(inOneGo(spans, mostSends));
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);

/**
 * Returns the flows without the marks of worthless counted message ids, because these marks depend
 * on what is in memory. A send does not look for evicted sends with a counted id
 * (`evicted-index.ts`), so such an id is found worthless only when a consumer looks for it. Until
 * then the mark affects nothing.
 */
const withoutMarks = (flows: unknown): unknown =>
  (flows as { tokens: string[] }[]).map((flow) => ({
    ...flow,
    tokens: flow.tokens.filter((token) => !isMarkOfCounted(token)),
  }));
const isMarkOfCounted = (token: string): boolean =>
  token.startsWith(`${WORTHLESS}m`) && isCounted(token.slice(token.lastIndexOf('\0') + 1));

test('leaving memory and restarting in the middle do not matter', () => {
  fc.assert(
    fc.property(anySketches, mostSendsOf, (list, mostSends) => {
      const bench = createBench({ mostSends });
      let batch: Span[] = [];
      const spans = toSpans(list);
      for (const item of byRank(list)) {
        batch.push(spans[list.indexOf(item)]!);
        if (item.then === 'more') continue;
        bench.take(batch);
        bench[item.then]();
        batch = [];
      }
      bench.take(batch);
      bench.rest();
      expect(withoutMarks(canonical(bench.flows()))).toEqual(
        withoutMarks(inOneGo(spans, mostSends)),
      );
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);

test('what a batch took was taken, in each flow of its messages, however they came', () => {
  fc.assert(
    fc.property(anyRushes, ({ spans, arrivals, roots, takes }) => {
      const bench = createBench();
      let batch: Span[] = [];
      const order = spans
        .map((_, i) => i)
        .sort((a, b) => arrivals[a]!.rank - arrivals[b]!.rank || a - b);
      for (const at of order) {
        batch.push(spans[at]!);
        const { then } = arrivals[at]!;
        if (then === 'more') continue;
        bench.take(batch);
        bench[then]();
        batch = [];
      }
      bench.take(batch);
      bench.rest();
      expect(canonical(bench.flows())).toEqual(inOneGo(spans));

      const flows = [...bench.flows().values()];
      const flowsOfRoots = roots.map(
        (key) => flows.find(({ members }) => members.includes(key))!.id,
      );
      expect(new Set(flowsOfRoots).size).toBe(roots.length);
      for (const { id, sends, orders, below } of takes)
        for (const send of sends) {
          const hops = flows.flatMap((flow) =>
            flow.hops.flatMap((hop) => (hop.sendSpanId === send ? [{ flow, hop }] : [])),
          );
          expect(hops.map(({ hop }) => hop.state)).not.toContain('waiting');
          // If spans below the batch name the messages that they processed, the steps are theirs.
          if (below === 'links' || below === 'flow ids') continue;
          const steps = hops.flatMap(({ flow, hop }) =>
            flow.steps.filter((one) => one.id === hop.to),
          );
          const step = steps.find(({ spanIds }) => spanIds.includes(id));
          expect(step).toBeDefined();
          if (orders > 1) expect(step!.shared).toBe(true);
        }
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);
