import { expect, test } from 'vitest';
import type { OtlpLog } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createAttributeReader } from './attributes.ts';
import { createEventNormalizer } from './event.ts';
import { createResourceReader } from './resource.ts';

const reader = createAttributeReader({ identityKeys: [], searchKeys: [] });
const event = createEventNormalizer(reader, createResourceReader(reader));
const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const log = (over: Partial<OtlpLog> = {}): OtlpLog => ({
  ...{
    resource: { attributes: ['service.name', 'desk'] },
    scopeName: '',
    severity: 9,
    severityText: '',
  },
  ...{ traceId: TRACE, spanId: SPAN, time: unixNanos(7n), observed: unixNanos(9n) },
  ...{ eventName: 'fermata.flow.started', body: '', attributes: [] },
  ...over,
});
const spanOf = (over: Partial<OtlpLog> = {}) => event(log(over), 5)!.span;

test('a milestone is evidence without a length, in the span in which it happened', () => {
  expect(spanOf()).toMatchObject({
    ...{ role: 'event', milestone: 'flow-started', name: 'fermata.flow.started', failed: false },
    ...{ traceId: TRACE, parent: TRACE + SPAN, parentRemote: false, receivedAtMs: 5 },
    ...{ start: 7n, end: 7n, service: { name: 'desk' } },
  });
});

test('other log records say nothing of a flow', () => {
  for (const eventName of ['', 'started', 'fermata.flow', 'fermata.flow.started.x'])
    expect(event(log({ eventName }), 5), eventName).toBeNull();
});

test('what belongs to neither trace nor flow is none; a flow id is enough', () => {
  expect(event(log({ traceId: '' }), 5)).toBeNull();
  const named = spanOf({ traceId: '', attributes: ['fermata.flow.id', 'f'] });
  expect(named).toMatchObject({ parent: '', flow: { id: 'f' } });
  expect(named.key).toMatch(/^[0-9a-f]{48}$/);
});

test('a trace without a span is in no span', () => {
  expect(spanOf({ spanId: '' }).parent).toBe('');
});

test('without a time of its own it happened when it was observed', () => {
  expect(spanOf({ time: unixNanos(0n) }).start).toBe(9n);
});

test('the same content is the same event, however often it is sent; other content is another', () => {
  expect(spanOf().key).toBe(spanOf().key);
  const keys = [
    spanOf(),
    spanOf({ time: unixNanos(8n) }),
    spanOf({ eventName: 'fermata.flow.heartbeat' }),
    spanOf({ attributes: ['fermata.step.name', 'x'] }),
    spanOf({ resource: { attributes: ['service.name', 'other'] } }),
    spanOf({ spanId: 'c'.repeat(16) }),
  ].map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test('what comes back from the store has the ids that it had', () => {
  const stored = { traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) };
  expect(event(log(), 5, stored)!.span.key).toBe(stored.traceId + stored.spanId);
});

test('a failure says what failed', () => {
  const failed = (attributes: string[]) => spanOf({ eventName: 'fermata.step.failed', attributes });
  expect(failed([])).toMatchObject({ failed: true, error: { type: 'error', message: '' } });
  expect(failed(['error.type', 'NoStock']).error).toMatchObject({ type: 'NoStock' });
});

test('the end of a flow is its outcome, unless it says another', () => {
  const outcome = (eventName: string, ...more: string[]) =>
    spanOf({ eventName, attributes: ['fermata.flow.id', 'f', ...more] }).flow!.outcome;
  expect(outcome('fermata.flow.completed')).toBe('completed');
  expect(outcome('fermata.flow.failed')).toBe('failed');
  expect(outcome('fermata.flow.cancelled')).toBe('cancelled');
  expect(outcome('fermata.flow.completed', 'fermata.flow.outcome', 'compensated')).toBe(
    'compensated',
  );
  expect(outcome('fermata.flow.started')).toBe('');
});

test('an event that announces a request is one, unless a step of the application names it', () => {
  const request = (...attributes: string[]) =>
    spanOf({
      eventName: 'fermata.step.started',
      attributes: ['http.request.method', 'POST', ...attributes],
    });
  const route = ['http.route', '/orders/:id'];
  expect(request(...route)).toMatchObject({
    ...{ role: 'server', milestone: 'step-started', parent: TRACE + SPAN },
    ...{ name: 'POST /orders/:id', route: 'POST /orders/:id' },
  });
  expect(request()).toMatchObject({ role: 'server', name: 'POST', route: 'POST' });
  expect(request('fermata.step.name', 'charge', ...route)).toMatchObject({ role: 'event' });
});
