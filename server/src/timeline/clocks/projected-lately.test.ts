import { expect, test } from 'vitest';
import { flowKeyOf, type FlowKey } from '../../model/keys.ts';
import type { Span } from '../../model/span.ts';
import { aSpan } from '../../testing/builders.ts';
import { clockOf } from './index.ts';
import { createProjectedLately } from './projected-lately.ts';

const key = (id: string): FlowKey => flowKeyOf('', id, 't');
const span = (service: string): Span => aSpan({ trace: '1', id: '1', service });
const told = new Set([clockOf(span('shop').service)]);
const bench = (spans: Record<string, Span[]>) => {
  const lately = createProjectedLately();
  return {
    ...lately,
    saidBy: (clocks = told) =>
      lately.saidBy(
        clocks,
        (flow) => Object.entries(spans).find(([id]) => key(id) === flow)?.[1] ?? [],
      ),
  };
};

test('the flows in which a clock speaks, newest first, each once', () => {
  const lately = bench({ a: [span('shop'), span('shop')], b: [span('pay')], c: [span('shop')] });
  for (const id of ['a', 'b', 'c']) lately.projected(key(id));
  expect(lately.saidBy()).toEqual([key('c'), key('a')]);
  lately.projected(key('a'));
  expect(lately.saidBy()).toEqual([key('a'), key('c')]);
  expect(lately.saidBy(new Set())).toEqual([]);
});

test('what is not in memory any more says nothing', () => {
  const lately = bench({});
  lately.projected(key('a'));
  expect(lately.saidBy()).toEqual([]);
});

test('only the last two thousand are known', () => {
  const lately = bench({ 0: [span('shop')], 1: [span('shop')] });
  for (let i = 0; i < 2001; i++) lately.projected(key(`${i}`));
  expect(lately.saidBy()).toEqual([key('1')]);
});

test('a bounded number of spans is looked at in one go', () => {
  const large = Array<Span>(49_999).fill(span('pay'));
  const lately = bench({ a: [span('shop')], b: [span('shop')], large });
  for (const id of ['a', 'b', 'large']) lately.projected(key(id));
  expect(lately.saidBy()).toEqual([key('b')]);
});
