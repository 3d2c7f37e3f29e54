import { expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests a protocol without trace context (MQTT 3.1.1), in which both sides name a message by its
 * content.
 */
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

test('of several messages with one content, a receiver took the latest before it', () => {
  const again: SpanSketch = { ...send, trace: 'a2', id: '3', at: 500, ...contextless };
  const takenAgain: SpanSketch = { ...taken, trace: 'b2', id: '4', at: 509, ...contextless };
  const flows = flowsOf(
    { ...send, ...contextless },
    again,
    { ...taken, ...contextless },
    takenAgain,
  );
  expect(flows.map(({ members }) => members.length)).toEqual([2, 2]);
  expect(flows.flatMap(({ badges }) => badges)).toEqual([]);
  // In a protocol with trace context a name joins only if a single message has it; here two sends
  // have it.
  expect(flowsOf(send, { ...send, trace: 'a2', id: '3' }, taken)).toHaveLength(3);
});

test('it is joined by content that was sent in the seconds before only', () => {
  const old: SpanSketch = { ...send, trace: 'a2', id: '3', at: -60_000, ...contextless };
  expect(flowsOf({ ...send, ...contextless }, old, { ...taken, ...contextless })).toHaveLength(2);
});
