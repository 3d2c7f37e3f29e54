import { expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/** A protocol without context (MQTT 3.1.1): both sides name a message by its content. */
const send: SpanSketch = { trace: 'a1', id: '1', role: 'send', service: 'meter', message: 'c1' };
const taken: SpanSketch = {
  ...{ trace: 'b1', id: '2', role: 'process', service: 'store', message: 'c1', at: 9 },
};
const contextless = { contextless: true } as const;

test('nothing is expected of a receiver that no context reaches', () => {
  const [flow] = flowsOf({ ...send, ...contextless });
  expect(flow!.hops).toEqual([]);
  expect(flowsOf(send)[0]!.hops).toMatchObject([{ state: 'waiting' }]);
});

test('it is joined by content that one message has, and not by content that several have', () => {
  const again = { ...send, trace: 'a2', id: '3', ...contextless };
  expect(flowsOf({ ...send, ...contextless }, { ...taken, ...contextless })).toHaveLength(1);
  expect(flowsOf({ ...send, ...contextless }, again, { ...taken, ...contextless })).toHaveLength(3);
});
