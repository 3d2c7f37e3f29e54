import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Span } from '../model/span.ts';
import { aSpan, type SpanSketch } from '../model/testing/builders.ts';
import { canonical, createBench } from './testing.ts';

/**
 * Invariant I1: any order, duplication and batching of the same spans gives the same flows; so do unloading and restart,
 * for the evidence that `honest` generates (the known limit is in RATIONALE, "What a late span brings back").
 * Spans refer to any other span, earlier or later, existing or not, so that rings, orphans and joins all occur.
 */
const size = 14;
const index = fc.nat({ max: size - 1 });
const sketches = fc.array(
  fc.record({
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
  { minLength: 2, maxLength: size },
);

/**
 * Telemetry as honest programs send it: what a span refers to came before it in time, and two kinds of evidence do not
 * contradict each other. See RATIONALE, "What a late span brings back".
 */
const honest = sketches.map((list) =>
  list.map((item, i) => ({
    ...item,
    type: 't' as const,
    message: '' as const,
    source: 'message' as const,
    conversation: '' as const,
    identity: '' as const,
    batch: 0 as const,
    at: i * 20,
    parent: item.parent === null || i === 0 ? null : item.parent % i,
    links: i === 0 ? [] : [...new Set(item.links.map((at) => at % i))],
  })),
);

type Sketches = typeof sketches extends fc.Arbitrary<infer T> ? T : never;

const toSpans = (list: Sketches): Span[] =>
  list.map((item, i) => {
    const target = (at: number): SpanSketch & { trace: string; id: string } => ({
      trace: `${list[at % list.length]!.trace + 10}`,
      id: `${(at % list.length) + 1}`,
    });
    const traceOf = `${item.trace + 10}`;
    const parent = item.parent === null ? undefined : `${(item.parent % list.length) + 1}`;
    const isEvent = item.role === 'event';
    return aSpan({
      trace: traceOf,
      id: `${i + 1}`,
      ...(parent !== undefined && { parent }),
      role: item.role,
      service: item.service,
      links: isEvent ? [] : item.links.map((at) => `${target(at).trace}/${target(at).id}`),
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

test('order, duplication and batching do not matter', () => {
  fc.assert(
    fc.property(sketches, fc.infiniteStream(fc.nat()), fc.nat({ max: 4 }), (list, randoms, every) => {
      const spans = toSpans(list);
      const shuffled = shuffle([...spans, ...spans.slice(0, every)], randoms);
      const bench = createBench();
      for (let i = 0; i < shuffled.length; i += every + 1) bench.take(shuffled.slice(i, i + every + 1));
      bench.rest();
      expect(canonical(bench.flows())).toEqual(inOneGo(spans));
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

/** What a flow owns: its steps and hops. What surrounds it (shared spans of other flows) may come back in part. */
function owned(flows: unknown): unknown {
  return (flows as Record<string, unknown>[]).map(
    ({ unattributed: _u, context: _c, badges: _b, ...flow }) => flow,
  );
}

function shuffle<T>(items: T[], randoms: fc.Stream<number>): T[] {
  const list = [...items];
  const random = randoms[Symbol.iterator]();
  for (let i = list.length - 1; i > 0; i--) {
    const j = (random.next().value as number) % (i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

test('leaving memory and restarting in the middle do not matter', () => {
  fc.assert(
    fc.property(honest, fc.infiniteStream(fc.nat()), fc.nat({ max: 3 }), (list, randoms, every) => {
      const spans = toSpans(list);
      const shuffled = shuffle(spans, randoms);
      const bench = createBench();
      for (let i = 0; i < shuffled.length; i += every + 1) {
        bench.take(shuffled.slice(i, i + every + 1));
        if (i % 2 === 0) bench.restart();
        else bench.rest();
      }
      bench.rest();
      expect(owned(canonical(bench.flows()))).toEqual(owned(inOneGo(spans)));
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
