import { describe, expect, test } from 'vitest';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

const sent: SpanSketch = {
  ...{ trace: 'a1', id: '1', service: 'shop', role: 'send', destination: 'orders', at: 500, ms: 2 },
};
const hopStates = (sketches: SpanSketch[]): string[] => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  return [...bench.flows().values()].flatMap(({ hops }) => hops.map(({ state }) => state));
};

describe('a message that was sent twice under one id', () => {
  const request: SpanSketch = { trace: 'a1', id: '9', service: 'shop', at: 490, ms: 40 };
  const id = 'a1b2c3d4e5';
  const first = { ...sent, parent: '9', message: id };
  const second = { ...first, id: '7', at: 520 };
  const taking = (link: string, name: string): SpanSketch => ({
    ...{ trace: `b${name}`, id: name, links: [link], service: 'pay', role: 'process' },
    ...{ destination: 'orders', at: 600, ms: 10 },
  });
  const ofFirst = taking('a1/1', '1');
  const statesOf = (...sketches: SpanSketch[]): string[] => hopStates([request, ...sketches]);
  test('waits once', () => {
    expect(statesOf(first, second)).toEqual(['waiting']);
  });
  test('was taken, whichever copy the broker kept', () => {
    expect(statesOf(first, second, ofFirst)).toEqual(['delivered']);
    expect(statesOf(first, second, taking('a1/7', '2'))).toEqual(['delivered']);
  });
  test.each([
    ['another id', { ...second, message: 'f6a7b8c9d0' }],
    ['another destination', { ...second, destination: 'mails' }],
    ['no id', { ...second, message: '' }],
    ['a counter as id', { ...second, message: '17' }],
  ])('is two messages with %s', (_what, other) => {
    const counted = other.message === '17' ? { ...first, message: '17' } : first;
    expect(statesOf(counted, other, ofFirst).sort()).toEqual(['delivered', 'waiting']);
  });
  test('is two messages with an id that others have, too: three of them, of which two were taken', () => {
    const third = { ...first, id: '6', at: 525 };
    expect(statesOf(first, second, third, ofFirst, taking('a1/7', '2')).sort()).toEqual([
      'delivered',
      'delivered',
      'waiting',
    ]);
  });
});
