import type { FlowList, FlowSummary } from '@fermata/server/contract';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { neighbourOf, type Ask } from './neighbours.ts';

const LIMIT = 5;
const flowAt = (start: bigint, i: number): FlowSummary =>
  ({ id: String(i).padStart(6, '0'), startedAtUnixNano: String(start) }) as FlowSummary;
const start = (flow: FlowSummary): bigint => BigInt(flow.startedAtUnixNano);

/** Makes a list, newest first, and a fake of the API that returns its pages. */
function listOf(flows: FlowSummary[]): {
  sorted: FlowSummary[];
  around: (flow: FlowSummary) => Ask;
  asked: () => number;
} {
  const sorted = [...flows].sort((a, b) =>
    start(a) === start(b) ? (a.id < b.id ? 1 : -1) : start(a) < start(b) ? 1 : -1,
  );
  let count = 0;
  const around =
    (flow: FlowSummary): Ask =>
    async (side, cursor) => {
      count++;
      const found =
        side === 'newer'
          ? sorted.filter((one) => start(one) >= start(flow)).reverse()
          : sorted.filter((one) => start(one) <= start(flow));
      const at = Number(cursor ?? 0);
      return {
        items: found.slice(at, at + LIMIT),
        nextCursor: found.length > at + LIMIT ? String(at + LIMIT) : null,
      } as FlowList;
    };
  return { sorted, around, asked: () => count };
}

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
      let at = 1_700_000_000_000_000_000n;
      const { sorted, around } = listOf(list.map((gap, i) => flowAt((at += gap), i)));
      const place = pick % sorted.length;
      const flow = sorted[place]!;
      expect((await neighbourOf(flow, 'newer', around(flow)))?.id).toBe(sorted[place - 1]?.id);
      expect((await neighbourOf(flow, 'older', around(flow)))?.id).toBe(sorted[place + 1]?.id);
    }),
    { numRuns: 200 },
  );
});

test('among very many it takes one question on each side', async () => {
  const { sorted, around, asked } = listOf(
    Array.from({ length: 20_000 }, (_, i) => flowAt(BigInt(i) * 1000n, i)),
  );
  const flow = sorted[19_990]!;
  expect((await neighbourOf(flow, 'newer', around(flow)))?.id).toBe(sorted[19_989]!.id);
  expect((await neighbourOf(flow, 'older', around(flow)))?.id).toBe(sorted[19_991]!.id);
  expect(asked()).toBe(2);
});

test('flows of the same instant, more than a page has, are passed', async () => {
  const { sorted, around } = listOf(
    Array.from({ length: 24 }, (_, i) => flowAt(i < 2 ? 0n : i > 21 ? 9n : 5n, i)),
  );
  for (const place of [2, 12, 21]) {
    const flow = sorted[place]!;
    expect((await neighbourOf(flow, 'newer', around(flow)))?.id).toBe(sorted[place - 1]!.id);
    expect((await neighbourOf(flow, 'older', around(flow)))?.id).toBe(sorted[place + 1]!.id);
  }
});
