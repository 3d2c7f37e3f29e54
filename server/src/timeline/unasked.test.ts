import { expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

const root: SpanSketch = { trace: 'a', id: '1' };
const below = (more: Partial<SpanSketch>): SpanSketch => ({
  trace: 'a',
  id: '2',
  parent: '1',
  ...more,
});
const bare: SpanSketch = { trace: 'a', id: '1', role: 'process', system: '', destination: '' };

test.each<[string, boolean, SpanSketch[]]>([
  ['a query of the database', true, [{ ...root, role: 'client' }]],
  ['work with a query', true, [root, below({ role: 'client' })]],
  ['an acknowledgement beside its message', true, [root, below({ role: 'settle' })]],
  ['a poll that took nothing', true, [bare]],
  ['a poll that ended with an error', true, [bare, below({ role: 'process' })]],
  ['a request', false, [{ ...root, role: 'server' }]],
  ['work that answers a request', false, [root, below({ role: 'server', service: 'other' })]],
  ['work that sends', false, [root, below({ role: 'send' })]],
  ['a message of a sender without spans', false, [{ ...root, role: 'process' }]],
  ['a poll that took a message', false, [bare, below({ role: 'process', message: 'm' })]],
  ['a poll that took one of a trace', false, [bare, below({ role: 'process', links: ['b/9'] })]],
  ['a query whose request is still running', false, [below({ role: 'client' })]],
  ['work with a flow id', false, [{ ...root, flow: 'order-1' }]],
  ['work of a declared type', false, [{ ...root, type: 'nightly' }]],
  ['work on an order', false, [{ ...root, identities: ['order.id\x007'] }]],
  [
    'work whose call names an order',
    false,
    [root, below({ role: 'client', identities: ['order.id\x007'] })],
  ],
  ['work that is called a step', false, [{ ...root, step: { name: 'clean up' } }]],
])('%s is nobody’s wish: %s', (_what, expected, spans) => {
  expect(flowsOf(...spans).map(({ unasked }) => unasked ?? false)).toEqual([expected]);
});
