import { describe, expect, test } from 'vitest';
import { aSpan } from '../model/testing/builders.ts';
import type { Span } from '../model/span.ts';
import { createBench } from './testing.ts';

/**
 * A job whose root span ends last sends thousands of children first. Work that grows with the square of their number would
 * take minutes here, and arguments on the stack end after some 100,000: both stopped the server.
 */
const MANY = 150_000;
const PER_REQUEST = 512;
const numbers = Array.from({ length: MANY }, (_, i) => i);
const hex = (i: number): string => (i + 4096).toString(16);

const flowsOf = (spans: readonly Span[]): number[] => {
  const { correlator, clock } = createBench();
  for (let i = 0; i < spans.length; i += PER_REQUEST) correlator.add(spans.slice(i, i + PER_REQUEST));
  const { list } = correlator.takeChanges();
  clock.advance(120_000);
  correlator.written(list);
  return list.flatMap(({ flow }) => flow?.spanCount ?? []);
};

describe('of what hangs together there may be any number', () => {
  test('children before their parent, and that before its own', () => {
    const children = numbers.map((i) => aSpan({ trace: '1', id: hex(i), parent: '3', at: 10 + i }));
    const above = [aSpan({ trace: '1', id: '3', parent: '2' }), aSpan({ trace: '1', id: '2', flow: 'f' })];
    expect(flowsOf([...children, ...above])).toEqual([MANY + 2]);
  }, 60_000);
  test('conversations', () => {
    const said = numbers
      .slice(0, 30_000)
      .map((i) => aSpan({ trace: hex(i), id: hex(i), role: 'send', conversation: 'c', at: i }));
    expect(flowsOf(said)).toEqual([30_000]);
  }, 60_000);
  test('consumers of a poll that is never heard of', () => {
    const taken = numbers
      .slice(0, 10_000)
      .map((i) =>
        aSpan({ trace: '1', id: hex(i), parent: '3', links: [`${hex(i)}/1`], role: 'process', at: i }),
      );
    expect(flowsOf(taken)).toHaveLength(10_000);
  }, 60_000);
});
