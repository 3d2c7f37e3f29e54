import type { FlowList, FlowSummary } from '@fermata/server/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newerOf, olderOf, type Ask } from './neighbours.ts';

const flowAt = (start: bigint, i: number): FlowSummary =>
  ({ id: String(i).padStart(6, '0'), startedAtUnixNano: String(start) }) as FlowSummary;
const listOf = (flows: FlowSummary[]): { sorted: FlowSummary[]; ask: Ask; asked: () => number } => {
  const start = (flow: FlowSummary): bigint => BigInt(flow.startedAtUnixNano);
  const sorted = [...flows].sort((a, b) =>
    start(a) === start(b) ? (a.id < b.id ? 1 : -1) : start(a) < start(b) ? 1 : -1,
  );
  let count = 0;
  const ask: Ask = async (from, to, limit) => {
    count++;
    const found = sorted.filter(
      (flow) => (from === null || start(flow) >= from) && (to === null || start(flow) < to),
    );
    return {
      items: found.slice(0, limit),
      nextCursor: found.length > limit ? 'more' : null,
    } as FlowList;
  };
  return { sorted, ask, asked: () => count };
};

test('whatever lies between them in time, the neighbours are those of the list', async () => {
  const gaps = fc.array(
    fc.oneof(fc.bigInt(0n, 2n), fc.bigInt(0n, 10n ** 9n), fc.bigInt(0n, 10n ** 15n)),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  await fc.assert(
    fc.asyncProperty(gaps, fc.nat(), async (list, pick) => {
      let start = 1_700_000_000_000_000_000n;
      const { sorted, ask } = listOf(list.map((gap, i) => flowAt((start += gap), i)));
      const at = pick % sorted.length;
      expect((await newerOf(sorted[at]!, ask))?.id).toBe(sorted[at - 1]?.id);
      expect((await olderOf(sorted[at]!, ask))?.id).toBe(sorted[at + 1]?.id);
    }),
    { numRuns: 200 },
  );
});

test('among very many it takes few questions', async () => {
  const { sorted, ask, asked } = listOf(
    Array.from({ length: 20_000 }, (_, i) => flowAt(BigInt(i) * 1000n, i)),
  );
  expect((await newerOf(sorted[19_990]!, ask))?.id).toBe(sorted[19_989]!.id);
  expect(asked()).toBeLessThan(15);
});
