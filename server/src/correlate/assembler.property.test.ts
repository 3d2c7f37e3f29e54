import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Span } from '../model/span.ts';
import { aSpan } from '../model/testing/builders.ts';
import { canonical, createBench } from './testing.ts';

/**
 * Invariant I1: any order, duplication and batching of the same spans gives the same flows; so do unloading and restart.
 * Spans refer to any other span, earlier or later, existing or not, so that rings, orphans and joins all occur.
 */
const size = 14;
const index = fc.nat({ max: size - 1 });
const sketches = fc.uniqueArray(
  fc.record({
    id: index,
    /** Arrival: by rank, in batches that end where something happens then. */
    rank: fc.nat({ max: 1000 }),
    then: fc.constantFrom<('more' | 'rest' | 'restart')[]>('more', 'rest', 'restart'),
    trace: fc.nat({ max: 5 }),
    parent: fc.option(index, { freq: 2 }),
    links: fc.uniqueArray(index, { maxLength: 3 }),
    role: fc.constantFrom(
      'send',
      'process',
      'process',
      'receive',
      'create',
      'internal',
      'server',
      'client',
      'event',
    ),
    service: fc.constantFrom('a', 'b', 'c'),
    flow: fc.option(fc.constantFrom('f1', 'f2', 'f3'), { freq: 3 }),
    type: fc.constantFrom('', 't', 'u'),
    source: fc.constantFrom<('message' | 'explicit' | 'ambient')[]>('message', 'explicit', 'ambient'),
    message: fc.constantFrom('', '', 'm1', 'm2', 'm3'),
    batch: fc.constantFrom(0, 0, 0, 2),
    conversation: fc.constantFrom('', '', '', 'c1', 'c2'),
    identity: fc.constantFrom('', '', '', 'k\u00001', 'k\u00002'),
    at: fc.nat({ max: 400 }),
    failed: fc.boolean(),
    milestone: fc.constantFrom(null, 'flow-started', 'flow-completed', 'step-started'),
    remote: fc.constantFrom(null, true, false),
  }),
  { minLength: 2, maxLength: size, selector: (item) => item.id },
);

type Sketches = typeof sketches extends fc.Arbitrary<infer T> ? T : never;

const toSpans = (list: Sketches): Span[] =>
  list.map((item) => {
    const traceOf = (at: number): string => `${(list.find((other) => other.id === at) ?? item).trace + 10}`;
    const parent = item.parent === null ? undefined : `${item.parent + 1}`;
    const isEvent = item.role === 'event';
    return aSpan({
      trace: traceOf(item.id),
      id: `${item.id + 1}`,
      ...(parent !== undefined && { parent }),
      role: item.role,
      service: item.service,
      links: isEvent ? [] : item.links.map((at) => `${traceOf(at)}/${at + 1}`),
      ...(item.flow !== null && { flow: item.flow, type: item.type, source: item.source }),
      message: item.message,
      batch: item.batch,
      conversation: item.conversation,
      identities: item.identity === '' ? [] : [item.identity],
      at: item.at,
      failed: item.failed,
      milestone: isEvent ? (item.milestone ?? 'flow-heartbeat') : null,
      ...(isEvent && item.milestone === 'flow-completed' && { outcome: 'completed' as const }),
      remote: item.remote,
    });
  });

const inOneGo = (spans: Span[]): unknown => {
  const bench = createBench();
  bench.take(spans);
  bench.rest();
  return canonical(bench.flows());
};

/** The gate runs the same cases every time; explore with PROPERTY_RUNS and PROPERTY_SEED. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 500);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 42);

const byRank = (list: Sketches): Sketches => list.toSorted((a, b) => a.rank - b.rank || a.id - b.id);

test('order, duplication and batching do not matter', () => {
  fc.assert(
    fc.property(sketches, fc.nat({ max: 4 }), (list, twice) => {
      const bench = createBench();
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
      expect(canonical(bench.flows())).toEqual(inOneGo(spans));
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);

test('leaving memory and restarting in the middle do not matter', () => {
  fc.assert(
    fc.property(sketches, (list) => {
      const bench = createBench();
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
      expect(canonical(bench.flows())).toEqual(inOneGo(spans));
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 600_000);
