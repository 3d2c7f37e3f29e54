import { describe, expect, test } from 'vitest';
import { aSpan, flowIn } from '../testing/builders.ts';
import type { Span } from '../model/span.ts';
import { createBench } from '../testing/correlator-harness.ts';

/**
 * Tests traces with very many spans, such as a job that sends thousands of children and whose root
 * span is received last. Quadratic work would take minutes here, and passing so many spans as
 * arguments overflows the stack. Both have stopped the server.
 */
const MANY = 150_000;
const PER_REQUEST = 512;
const numbers = Array.from({ length: MANY }, (_, i) => i);
const hex = (i: number): string => (i + 4096).toString(16);

const flowsOf = (spans: readonly Span[]): number[] => {
  const { projector, clock } = createBench();
  for (let i = 0; i < spans.length; i += PER_REQUEST)
    projector.add(spans.slice(i, i + PER_REQUEST));
  const { list } = projector.takeChanges();
  clock.advance(120_000);
  projector.written(list);
  return list.flatMap((change) => flowIn(change)?.spanCount ?? []);
};

describe('of what hangs together there may be any number', () => {
  test('children before their parent, and that before its own', () => {
    const children = numbers.map((i) => aSpan({ trace: '1', id: hex(i), parent: '3', at: 10 + i }));
    const above = [
      aSpan({ trace: '1', id: '3', parent: '2' }),
      aSpan({ trace: '1', id: '2', flow: 'f' }),
    ];
    expect(flowsOf([...children, ...above])).toEqual([MANY + 2]);
  }, 60_000);
  test('conversations', () => {
    const said = numbers
      .slice(0, 30_000)
      .map((i) => aSpan({ trace: hex(i), id: hex(i), role: 'send', conversation: 'c', at: i }));
    expect(flowsOf(said)).toEqual([30_000]);
  }, 60_000);
  test('consumers of a poll that is never heard of', () => {
    const taken = numbers.slice(0, 10_000).map((i) =>
      aSpan({
        trace: '1',
        id: hex(i),
        parent: '3',
        links: [`${hex(i)}/1`],
        role: 'process',
        at: i,
      }),
    );
    expect(flowsOf(taken)).toHaveLength(10_000);
  }, 60_000);
  test('deliveries within deliveries, each above a flow of its own', () => {
    const spans = numbers.slice(0, 7_000).flatMap((i) => {
      const service = `s${i % 5}`;
      const above = i === 0 ? {} : { parent: `a${hex(i - 1)}` };
      return [
        aSpan({ trace: '1', id: `a${hex(i)}`, ...above, role: 'process', service, at: i }),
        aSpan({
          trace: '1',
          id: `b${hex(i)}`,
          parent: `a${hex(i)}`,
          service,
          flow: `f${i}`,
          at: i,
        }),
      ];
    });
    expect(flowsOf(spans)).toHaveLength(7_000);
  }, 60_000);
  test('joins of joins', () => {
    const width = 32;
    const name = (i: number): string => `${hex(i)}/${hex(i + MANY)}`;
    const joins = numbers.slice(0, 3000).flatMap((i) => {
      const row = Math.floor(i / width) - 1;
      const links = [0, 1, 2].map((by) => name(row * width + ((i + by) % width)));
      return [
        aSpan({ trace: hex(i), id: hex(i), role: 'process', links: row < 0 ? [] : links, at: i }),
        aSpan({ trace: hex(i), id: hex(i + MANY), parent: hex(i), role: 'send', at: i }),
      ];
    });
    expect(flowsOf(joins)).toEqual(Array.from({ length: width }, () => 2));
  }, 60_000);
  test('messages of as many flows that one batch took', () => {
    const sent = numbers
      .slice(0, 4000)
      .map((i) => aSpan({ trace: hex(i), id: hex(i), role: 'send', at: i, message: `m${i}` }));
    const links = sent.map((_, i) => `${hex(i)}/${hex(i)}`);
    const taken = aSpan({ trace: '1', id: '1', role: 'process', links, batch: 4000, at: 5000 });
    const { projector } = createBench();
    projector.add([...sent, taken]);
    const { list } = projector.takeChanges();
    const shown = list.flatMap((change) => flowIn(change)?.hops.map(({ state }) => state) ?? []);
    expect(shown).toEqual(Array.from({ length: 4000 }, () => 'delivered'));
  }, 60_000);
  test('batches over the same messages, which come last', () => {
    const sent = numbers
      .slice(0, 1000)
      .map((i) => aSpan({ trace: '1', id: hex(i), role: 'send', flow: 'f', at: i }));
    const links = sent.map((_, i) => `1/${hex(i)}`);
    const taken = numbers
      .slice(0, 200)
      .map((i) => aSpan({ trace: hex(i), id: hex(i), role: 'process', flow: 'f', links, at: i }));
    expect(flowsOf([...taken, ...sent])).toEqual([1200]);
  }, 60_000);
  test('messages that pass on messages, in the second run of a flow', () => {
    const said = (id: string, milestone: 'flow-started' | 'flow-completed', at: number): Span =>
      aSpan({
        trace: id,
        id,
        role: 'event',
        milestone,
        flow: 'f',
        type: 't',
        at,
        ms: 0,
        ...(milestone === 'flow-completed' && { outcome: 'completed' }),
      });
    const passed = numbers.slice(0, 30_000).map((i) =>
      aSpan({
        trace: '1',
        id: hex(i),
        ...(i > 0 && { parent: hex(i - 1) }),
        ...(i === 0 && { flow: 'f', type: 't' }),
        role: i % 2 === 0 ? 'send' : 'process',
        // The last spans are received first.
        at: 30_000 - i,
      }),
    );
    const runs = [
      said('a', 'flow-started', 0),
      said('b', 'flow-completed', 1),
      said('c', 'flow-started', 2),
    ];
    expect(flowsOf([...runs, ...passed])).toEqual([2, 30_001]);
  }, 60_000);
  test('messages that pass on messages, above two flows', () => {
    const passed = numbers.slice(0, 30_000).map((i) =>
      aSpan({
        trace: '1',
        id: hex(i),
        ...(i > 0 && { parent: hex(i - 1) }),
        role: i % 2 === 0 ? 'send' : 'process',
        at: i,
      }),
    );
    const two = ['a', 'b'].map((flow) =>
      aSpan({ trace: '1', id: flow, parent: hex(29_999), flow }),
    );
    expect(flowsOf([...passed, ...two])).toEqual([1, 1]);
  }, 60_000);
});
