import { context, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { addFlow, withFlowFromHeaders } from './foreign-spans.ts';

const { spans } = recordTelemetry();
const foreign = trace.getTracer('somebody else');

test('headers get the flow, and trace context from whoever makes the span', () => {
  const headers = foreign.startActiveSpan('send', (span) => {
    span.end();
    return withFlow({ id: 'order-1', type: 'order' }, () => addFlow({ tenant: 't1' }));
  });
  expect(headers).toMatchObject({
    tenant: 't1',
    'fermata-flow-id': 'order-1',
    'fermata-flow-type': 'order',
  });
  expect(headers).not.toHaveProperty('traceparent');
  expect(addFlow({ tenant: 't1' })).toEqual({ tenant: 't1' });
});

test('a handler, and the span that it is called in, are in the flow of the message', () => {
  const headers = { 'fermata-flow-id': 'order-2' };
  foreign.startActiveSpan('process', (span) => {
    withFlowFromHeaders(headers, () => expect(currentFlow()?.id).toBe('order-2'));
    span.end();
  });
  expect(spans()[0]!.attributes).toMatchObject({
    'fermata.flow.id': 'order-2',
    'fermata.flow.source': 'message',
  });
  const ctx = context.active();
  withFlowFromHeaders({}, () => expect(context.active()).toBe(ctx));
});

test('without an active SDK span nothing is made up', () => {
  expect(trace.getActiveSpan()).toBeUndefined();
  withFlowFromHeaders({ 'fermata-flow-id': 'order-3' }, () => undefined);
  expect(spans()).toEqual([]);
});
