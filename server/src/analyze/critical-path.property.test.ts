import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBench, flowsOf } from '../testing/correlator-harness.ts';
import { anySketches, toSpans } from '../testing/any-spans.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { later, msBetween } from '../model/time.ts';
import { coarsened, criticalPath, timeSpent } from './critical-path.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 500);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 42);

test('of any flow, segments touch and sum to its duration', () => {
  let several = 0;
  fc.assert(
    fc.property(anySketches, (list) => {
      const bench = createBench();
      bench.take(toSpans(list));
      for (const flow of bench.flows().values()) {
        const path = criticalPath(flow);
        if (path.length > 3) several++;
        let at = flow.started;
        for (const { start, end, stepId, hopId } of path) {
          expect(start).toBe(at);
          expect(end > start).toBe(true);
          expect(stepId === null || flow.steps.some((step) => step.id === stepId)).toBe(true);
          expect(hopId === null || flow.hops.some((hop) => hop.id === hopId)).toBe(true);
          at = end;
        }
        expect(at).toBe(later(flow.ended ?? flow.lastProgress, flow.started));
        expect(msBetween(flow.started, at)).toBeCloseTo(flow.durationMs, 3);
        const all = timeSpent(path).reduce((sum, { ms }) => sum + ms, 0);
        expect(all).toBeCloseTo(flow.durationMs, 3);
        for (const most of [1, 2, 5]) {
          const coarse = coarsened(path, most);
          expect(coarse.length).toBe(Math.min(most, path.length));
          expect([coarse[0]?.start, coarse.at(-1)?.end]).toEqual([
            path[0]?.start,
            path.at(-1)?.end,
          ]);
          const longest = path
            .slice(1)
            .reduce((long, { start, end }) => (end - start > long ? end - start : long), 0n);
          const isKept = coarse.some(({ start, end }) => end - start >= longest);
          expect(most === 1 || path.length === 0 || isKept).toBe(true);
          coarse.forEach(({ start }, i) =>
            expect(start).toBe(coarse[i - 1]?.end ?? path[0]?.start),
          );
        }
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(several).toBeGreaterThan(RUNS / 10);
}, 600_000);

/**
 * Generates consecutive calls. Each call may have wrappers; `overruns` tells by how many ms the
 * span inside each wrapper ends later than the call.
 */
const anyChain = fc.array(
  fc.record({
    gap: fc.integer({ min: 1, max: 20 }),
    ms: fc.integer({ min: 2, max: 50 }),
    overruns: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test('what wraps a call changes nothing of the path', () => {
  let longer = 0;
  fc.assert(
    fc.property(anyChain, (chain) => {
      const spans = (isWrapped: boolean): SpanSketch[] => {
        let at = 0;
        const calls = chain.flatMap(({ gap, ms, overruns }, i): SpanSketch[] => {
          at += gap;
          const from = at;
          at += ms;
          const call = (id: string, parent: string, more: Partial<SpanSketch>): SpanSketch => ({
            ...{ trace: 'a', id, parent, role: 'client', service: 'one', at: from, ms },
            ...more,
          });
          const within = isWrapped ? overruns : [];
          return [
            call(`${i}c`, '1f', {}),
            ...within.map((overrun, depth) =>
              call(`${i}c${'d'.repeat(depth + 1)}`, `${i}c${'d'.repeat(depth)}`, {
                ms: ms + overrun,
              }),
            ),
            call(`${i}e`, `${i}c${'d'.repeat(within.length)}`, {
              ...{ role: 'server', service: `callee ${i}` },
            }),
          ];
        });
        return [{ trace: 'a', id: '1f', role: 'server', service: 'one', ms: at + 500 }, ...calls];
      };
      const pathOf = (isWrapped: boolean): unknown[] => {
        const [flow, ...others] = flowsOf(...spans(isWrapped));
        expect(others).toEqual([]);
        const path = criticalPath(flow!);
        return path.map(({ kind, stepId, start, end }) => ({ kind, stepId, start, end }));
      };
      const plain = pathOf(false);
      expect(pathOf(true)).toEqual(plain);
      expect(plain).toHaveLength(2 * chain.length + 1);
      if (chain.some(({ gap, overruns }, i) => i > 0 && overruns.some((ms) => ms > gap))) longer++;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(longer).toBeGreaterThan(RUNS / 10);
}, 600_000);
