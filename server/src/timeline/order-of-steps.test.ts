import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anySketches, toSpans } from '../testing/any-spans.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf, createBench } from '../testing/correlator-harness.ts';

/** A request sends a message that is taken by a poll, and its taker sends another one. */
const chain = (poll: Partial<SpanSketch>): SpanSketch[] => [
  { trace: 'a', id: '1', role: 'server', service: 'shop', at: 0, ms: 30 },
  { trace: 'a', id: '2', parent: '1', role: 'send', service: 'shop', at: 10, ms: 2 },
  { trace: 'b', id: '3', role: 'receive', service: 'stock', links: ['a/2'], ...poll },
  { trace: 'b', id: '4', parent: '3', role: 'send', service: 'stock', at: 55, ms: 2 },
  { trace: 'c', id: '5', role: 'process', service: 'mail', links: ['b/4'], at: 70 },
  { trace: 'a', id: '6', parent: '1', role: 'server', service: 'tax', at: 20, ms: 5 },
];

test.each([
  ['that began when its message was there', { at: 50, ms: 20 }],
  ['that began twenty seconds before its message', { at: -20_000, ms: 20_060 }],
  ['whose clock is a second behind', { at: -950, ms: 20 }],
  ['whose clock is half a minute behind', { at: -29_950, ms: 20 }],
])('a poll %s stands behind the sender', (_what, poll) => {
  const [flow, ...others] = flowsOf(...chain(poll));
  expect(others).toEqual([]);
  const services = flow!.steps.map(({ service }) => service);
  const [shop, stock, mail] = ['shop', 'stock', 'mail'].map((name) => services.indexOf(name));
  expect([shop! < stock!, stock! < mail!]).toEqual([true, true]);
  expect(services[0]).toBe('shop');
});

/** Returns whether following causes from `id` leads to `to`. */
const leadsTo = (causes: ReadonlyMap<string, string[]>, id: string, to: string): boolean => {
  const seen = [id];
  for (const one of seen)
    for (const cause of causes.get(one) ?? []) if (!seen.includes(cause)) seen.push(cause);
  return seen.includes(to);
};

test('no step stands before one that caused it, unless they are in a cycle', () => {
  fc.assert(
    fc.property(anySketches, (sketches) => {
      const bench = createBench();
      bench.take(toSpans(sketches));
      bench.rest();
      for (const { steps, hops } of bench.flows().values()) {
        const at = new Map(steps.map(({ id }, i) => [id, i]));
        const causes = new Map<string, string[]>(steps.map(({ id }) => [id, []]));
        for (const { from, to } of hops)
          if (from !== null && to !== null) causes.get(to)!.push(from);
        const isInCycle = (id: string): boolean =>
          causes.get(id)!.some((cause) => cause !== id && leadsTo(causes, cause, id));
        if (steps.some(({ id }) => isInCycle(id))) continue;
        for (const [to, list] of causes)
          for (const from of list) expect(at.get(from)!).toBeLessThanOrEqual(at.get(to)!);
      }
    }),
  );
});
