import { describe, expect, test } from 'vitest';
import { aSpan } from '../testing/builders.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { placed, shipped } from '../testing/expectations.ts';
import { createLab } from '../testing/lab.ts';
import { createBench, type Bench } from '../testing/pipeline-bench.ts';
import { createSenderClocks } from './sender-clocks.ts';

const BASE_MS = 1_700_000_000_000;

describe('how far a clock is behind', () => {
  const clocks = createSenderClocks();
  const hear = (at: number, ms: number, received: number): void =>
    clocks.observe([aSpan({ trace: '1', id: '1', at, ms, received: BASE_MS + received })]);
  const behind = (correctedMs = 0): number => clocks.behindMs('', 'svc', '', correctedMs);

  test('is the least that a span came after its end: an exporter gathers for seconds', () => {
    hear(0, 100, 40_000);
    expect(behind()).toBe(39_900);
    hear(8_000, 2_000, 40_500);
    expect(behind()).toBe(30_500);
    hear(10_000, 0, 48_000);
    expect(behind()).toBe(30_500);
  });
  test('is none where an exporter that gathers would explain it', () => {
    hear(50_000, 0, 59_000);
    expect(behind()).toBe(0);
  });
  test('of a clock that was set back, is believed after two minutes', () => {
    hear(30_000, 0, 61_000);
    hear(60_000, 0, 119_000);
    expect(behind()).toBe(0);
    hear(161_000, 0, 192_000);
    hear(230_000, 0, 260_000);
    expect(behind()).toBe(30_000);
  });
  test('is none any more where what is left of it is the time of an exporter', () => {
    expect(behind(15_000)).toBe(15_000);
    expect(behind(27_000)).toBe(0);
    expect(behind(40_000)).toBe(0);
  });
});

/** Tests a flow type whose orders have to be shipped within 5 s. */
describe('a sender whose clock is half a minute slow', () => {
  const slow = (bench: Bench, id: string, more: Partial<OtlpSpan> = {}): OtlpSpan => {
    const at = unixNanos(BigInt(bench.clock.now() - 30_000) * 1_000_000n);
    const resource = { attributes: ['service.name', 'shop', 'service.instance.id', 'pod-1'] };
    return bench.span(id, { start: at, end: at, resource, ...more });
  };
  const stuck = ({ store }: Bench): string[] =>
    [...store.flows.values()]
      .filter(({ flow }) => flow.health === 'stuck')
      .map(({ flow }) => flow.flowId);

  test('has the time that all have, and no more', async () => {
    const bench = await createBench();
    await bench.deliver(slow(bench, 'a1'));
    await bench.advance(4000);
    expect(stuck(bench)).toEqual([]);
    await bench.advance(3000);
    expect(stuck(bench)).toEqual(['a1']);
    await bench.pipeline.stop();
  });
  test('does not slow down another process of its service', async () => {
    const bench = await createBench();
    await bench.deliver(slow(bench, 'a1'), bench.span('a2'));
    await bench.advance(4000);
    expect(stuck(bench)).toEqual([]);
    await bench.advance(3000);
    expect(stuck(bench).sort()).toEqual(['a1', 'a2']);
    await bench.pipeline.stop();
  });
  test('says when a flow should end by the same clock', async () => {
    const bench = await createBench();
    const attributes = ['fermata.flow.id', 'b1', 'fermata.flow.type', 'other'];
    const deadline = ['fermata.flow.deadline', String(bench.clock.now() - 30_000 + 8000)];
    await bench.deliver(slow(bench, 'b1', { attributes: [...attributes, ...deadline] }));
    await bench.advance(7000);
    expect(stuck(bench)).toEqual([]);
    await bench.advance(2000);
    expect(stuck(bench)).toEqual(['b1']);
    await bench.pipeline.stop();
  });
});

/** Tests orders that are shipped at once, learned while the shop's clock is ten minutes slow. */
test.each([0, 600_000])(
  'waits are learned by right clocks: a loss is found as soon where the shop is slow by %i ms',
  async (slowMs) => {
    const lab = await createLab({ startMs: BASE_MS });
    const order = (number: number): OtlpSpan => {
      const span = placed(lab, number);
      const ns = BigInt(slowMs) * 1_000_000n;
      return { ...span, start: unixNanos(span.start - ns), end: unixNanos(span.end - ns) };
    };
    for (let i = 0; i < 300; i++) {
      await lab.deliver([order(i), shipped(lab, i)]);
      await lab.advance(1000);
    }
    for (let i = 0; i < 12; i++) await lab.advance(5000);
    await lab.deliver([order(1000)]);
    for (let i = 0; i < 6; i++) await lab.advance(5000);
    const { flow } = [...lab.flows.values()].find(({ flow }) => flow.flowId === 'order-1000')!;
    expect(flow.status).toBe('stuck');
    await lab.stop();
  },
);
