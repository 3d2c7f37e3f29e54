import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import type { Flow } from '../model/flow.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createBench, type Bench } from '../testing/pipeline-bench.ts';
import { memoryStore } from '../testing/memory-store.ts';

const MS = 1_000_000n;
const ATTRIBUTES = ['messaging.system', 'bus', 'messaging.destination.name', 'orders'];

/**
 * Returns two spans: `shop` sends a message, and `ship` processes it 40 ms later. The clock of
 * `ship` is `ahead` ms fast.
 */
function order(bench: Bench, id: string, ahead: number): OtlpSpan[] {
  const say = (
    service: string,
    operation: string,
    more: Partial<OtlpSpan>,
    at: number,
  ): OtlpSpan => {
    const start = unixNanos(BigInt(bench.clock.now() + at) * MS);
    return bench.span(`${id}${operation === 'send' ? 1 : 2}`, {
      resource: { attributes: ['service.name', service, 'service.instance.id', `${service}-1`] },
      kind: operation === 'send' ? 4 : 5,
      attributes: [...ATTRIBUTES, 'messaging.operation.type', operation],
      start,
      end: unixNanos(start + 5n * MS),
      ...more,
    });
  };
  const sent = say('shop', 'send', {}, -100);
  const link = { traceId: sent.traceId, spanId: sent.spanId, attributes: [] };
  return [sent, say('ship', 'process', { links: [link] }, -55 + ahead)];
}
const flowsOf = ({ store }: Bench): Flow[] => [...store.flows.values()].map(({ flow }) => flow);
const waits = (bench: Bench): (number | null)[] =>
  flowsOf(bench).flatMap(({ hops }) => hops.map((hop) => hop.waitMs));

test.each([3_600_000, 30 * 86_400_000])(
  'a clock that is %i ms ahead is told at once, and neither waits nor what is learned take it',
  async (ahead) => {
    const bench = await createBench({ definitions: [] });
    for (let i = 0; i < 5; i++) {
      await bench.deliver(...order(bench, `a${i}`, ahead));
      await bench.advance(1000);
    }
    await bench.advance(5000);
    expect(flowsOf(bench)).toHaveLength(5);
    expect(Math.max(...waits(bench).map(Number))).toBeLessThan(100);
    for (const { badges, durationMs } of flowsOf(bench)) {
      expect(badges).toEqual(['clock-skew']);
      expect(durationMs).toBeLessThan(200);
    }
    // The learned durations are in logarithmic buckets: bucket 95 is 0.1 s, bucket 308 is an hour.
    const [learned] = bench.pipeline.expectations.inspect(flowsOf(bench)[0]!.type);
    const { gaps, steps } = learned!.model as Record<string, object>;
    const buckets = [...JSON.stringify([gaps, steps]).matchAll(/\[(\d+),\d+\]/g)].map(
      ([, bucket]) => Number(bucket),
    );
    expect(buckets.length).toBeGreaterThan(2);
    expect(Math.max(...buckets)).toBeLessThan(95);
    expect(bench.pipeline.clocks.wrong().map(({ service }) => service)).toEqual(['ship']);
    await bench.pipeline.stop();
  },
);

test('a flow that was projected before a clock was known to be wrong is projected again', async () => {
  const bench = await createBench({ definitions: [] });
  // Spans that arrive late are no evidence of a wrong clock. So at first the message seems to have
  // waited for 3040 ms.
  const late = order(bench, 'a1', 3000);
  await bench.advance(5000);
  await bench.deliver(...late);
  await bench.advance(1000);
  expect(waits(bench)).toEqual([3040]);
  await bench.deliver(...order(bench, 'a2', 3000));
  await bench.advance(1000);
  expect(waits(bench).every((wait) => wait! < 100)).toBe(true);
  await bench.pipeline.stop();
});

test('a restart keeps what is known of clocks, and a late span changes nothing but what it says', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const before = await createBench({ clock, store, definitions: [] });
  await before.deliver(...order(before, 'a1', 3000));
  await before.advance(2000);
  const [known] = waits(before);
  await before.pipeline.stop();
  const after = await createBench({ clock, store, definitions: [] });
  clock.advance(3_600_000);
  const [sent] = order(after, 'a1', 0);
  await after.deliver({
    ...order(after, 'a3', 0)[0]!,
    traceId: sent!.traceId,
    parentSpanId: sent!.spanId,
  });
  await after.advance(2000);
  expect(waits(after)[0]).toBe(known);
  expect(after.pipeline.clocks.wrong()).toHaveLength(1);
  await after.pipeline.stop();
});

test('whose clock is wrong is logged once, however much is seen of it, and that it is right again', async () => {
  const said: unknown[] = [];
  const log = {
    warn: (what: unknown, text: string) => void said.push([what, text]),
    info: () => undefined,
    error: () => undefined,
  };
  const bench = await createBench({ definitions: [], log: log });
  for (let i = 0; i < 30; i++) {
    await bench.deliver(...order(bench, `a${i}`, 3000 + i));
    await bench.advance(1000);
  }
  const whose = { environment: '', service: 'ship', instance: 'ship-1' };
  expect(said).toEqual([[{ ...whose, aheadMs: expect.any(Number) }, 'a clock is wrong']]);
  for (let i = 0; i < 20; i++) {
    await bench.deliver(...order(bench, `b${i}`, 0));
    await bench.advance(20_000);
  }
  expect(said.slice(1)).toEqual([[{ ...whose, aheadMs: 0 }, 'a clock is right again']]);
  await bench.pipeline.stop();
});
