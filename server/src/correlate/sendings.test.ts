import { describe, expect, test } from 'vitest';
import type { Hop } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../model/testing/builders.ts';
import { createBench } from './testing.ts';

/** Layers of one client that each have a span: one message, however many spans sent it. */
const hopsOf = (...sketches: SpanSketch[]): Pick<Hop, 'state' | 'evidence'>[] => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  expect(bench.flows().size).toBe(1);
  return [...bench.flows().values()][0]!.hops;
};
const statesOf = (...sketches: SpanSketch[]): string[] => hopsOf(...sketches).map(({ state }) => state);

describe('a send within a send to the same destination is the same sending', () => {
  const root: SpanSketch = { trace: 'a1', id: '1', service: 'shop' };
  const send = (id: string, parent: string, more: Partial<SpanSketch> = {}): SpanSketch => ({
    trace: 'a1',
    id,
    parent,
    role: 'send',
    service: 'shop',
    at: Number(id),
    ...more,
  });
  const take = (id: string, parent: string): SpanSketch => ({
    trace: 'a1',
    id,
    parent,
    remote: true,
    role: 'process',
    service: 'pay',
    at: 40,
  });
  const nested = [root, send('2', '1'), send('3', '2'), send('4', '3')];

  test('nobody took it: one waits', () => {
    expect(statesOf(...nested)).toEqual(['waiting']);
    expect(statesOf(root, send('2', '1', { role: 'create' }), send('3', '2'))).toEqual(['waiting']);
  });
  test.each(['2', '3', '4'])('whoever names span %s took it', (named) => {
    expect(statesOf(...nested, take('9', named))).toEqual(['delivered']);
  });
  test('by its id it is one message, too', () => {
    const message = 'm';
    const sent = [
      root,
      send('2', '1', { message }),
      send('3', '2', { message }),
      { trace: 'b1', id: '9', role: 'process', service: 'pay', at: 40, message } as const,
    ];
    expect(hopsOf(...sent)).toMatchObject([{ state: 'delivered', evidence: [{ kind: 'message-id' }] }]);
  });
  test('above several it is none of them', () => {
    const several = [root, send('2', '1'), send('3', '2'), send('4', '2')];
    expect(statesOf(...several)).toEqual(['waiting', 'waiting']);
    expect(statesOf(...several, take('9', '4'))).toEqual(['waiting', 'delivered']);
  });
  test('to another destination, or beside it, it is another message', () => {
    expect(statesOf(root, send('2', '1'), send('3', '2', { destination: 'audit' }), take('9', '2'))).toEqual([
      'delivered',
      'waiting',
    ]);
    expect(statesOf(root, send('2', '1'), send('3', '1'), take('9', '2'))).toEqual(['delivered', 'waiting']);
  });
});
