import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { contextWithFlow } from './flow-context.ts';
import { extractHeaders, injectHeaders, isPropagationHeader } from './headers.ts';

beforeAll(() => {
  propagation.setGlobalPropagator(
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
  );
});
afterAll(() => propagation.disable());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const creation = (headers: Record<string, unknown>) => extractHeaders(headers).creation;

/**
 * These are the cases of https://www.w3.org/TR/trace-context/ that the receiver of a message can
 * meet.
 */
describe('traceparent', () => {
  test.each([
    ['version 00', `00-${TRACE}-${SPAN}-01`],
    ['a future version', `cc-${TRACE}-${SPAN}-01`],
    ['a future version with more fields', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`],
    ['unknown flags', `00-${TRACE}-${SPAN}-ff`],
  ])('%s is read', (_, traceparent) => {
    expect(creation({ traceparent })).toMatchObject({ traceId: TRACE, spanId: SPAN });
  });
  test.each([
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more fields', `00-${TRACE}-${SPAN}-01-extra`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a long span id', `00-${TRACE}-${SPAN}0-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['illegal characters', `00-${TRACE.replace('0', 'g')}-${SPAN}-01`],
    ['one-digit version', `0-${TRACE}-${SPAN}-01`],
    ['nothing', ''],
    ['garbage', '\u0000\uffff;;;'],
  ])('%s is not', (_, traceparent) => {
    expect(creation({ traceparent })).toBeUndefined();
  });
  test('in whatever case and container the carrier has it; the first of several counts', () => {
    const valid = `00-${TRACE}-${SPAN}-01`;
    for (const headers of [
      { TraceParent: valid },
      { traceparent: Buffer.from(valid) },
      { traceparent: [valid, 'x'] },
    ])
      expect(creation(headers)).toMatchObject({ traceId: TRACE });
  });
});

describe('tracestate', () => {
  const stateOf = (tracestate: string): string | undefined =>
    creation({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate })?.traceState?.serialize();
  test('is carried on', () => expect(stateOf('a=1,b=2')).toBe('a=1,b=2'));
  test('without a valid traceparent it means nothing', () => {
    expect(creation({ traceparent: 'x', tracestate: 'a=1' })).toBeUndefined();
  });
  test.each(['=', 'a', 'A=1', ','.repeat(100), 'a=\u0000'])(
    '%j does not harm the trace',
    (tracestate) => {
      expect(creation({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate })).toMatchObject({
        traceId: TRACE,
      });
    },
  );
  test('at most 32 members', () => {
    const many = Array.from({ length: 40 }, (_, i) => `k${i}=1`).join(',');
    expect(stateOf(many)!.split(',').length).toBeLessThanOrEqual(32);
  });
});

describe('baggage', () => {
  test('carries three short ids, and nothing of the keys', () => {
    const span = trace.wrapSpanContext({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: TraceFlags.SAMPLED,
    });
    const ctx = contextWithFlow(trace.setSpan(ROOT_CONTEXT, span), {
      id: 'order-42',
      type: 'order',
      version: '2',
      keys: { email: 'someone@example.org' },
    });
    const headers = injectHeaders({}, ctx);
    expect(headers['baggage']).toBe(
      'fermata.flow.id=order-42,fermata.flow.type=order,fermata.flow.version=2',
    );
    expect(JSON.stringify(headers)).not.toContain('someone');
    expect(extractHeaders(headers).flow).toEqual({ id: 'order-42', type: 'order', version: '2' });
  });
  test('an id beyond the limits of baggage still travels in its own header', () => {
    const id = 'x'.repeat(5000);
    const headers = injectHeaders({}, contextWithFlow(ROOT_CONTEXT, { id }));
    expect(((headers['baggage'] as string | undefined) ?? '').length).toBeLessThanOrEqual(8192);
    expect(extractHeaders(headers).flow?.id).toBe(id);
  });
  test('more than 180 pairs, or 8192 bytes, do not harm', () => {
    const baggage = Array.from({ length: 500 }, (_, i) => `k${i}=${'v'.repeat(50)}`).join(',');
    expect(extractHeaders({ baggage, 'fermata-flow-id': 'f' }).flow?.id).toBe('f');
  });
});

describe('a carrier full of garbage', () => {
  test.each([
    undefined,
    {},
    { 'fermata-flow-id': {} },
    { 'fermata-flow-id': ['', null] },
    { __proto__: { 'fermata-flow-id': 'x' } },
    Object.create(null) as Record<string, unknown>,
    { 'fermata-message-kind': 'nonsense', 'fermata-itinerary': 7 },
    {
      get traceparent() {
        throw new Error('a trap');
      },
    },
  ])('%# is read without a throw', (headers) => {
    expect(() => extractHeaders(headers)).not.toThrow();
    expect(extractHeaders(headers).flow).toBeUndefined();
  });
  test('a frozen one is written without a throw', () => {
    expect(() =>
      injectHeaders(Object.freeze({}), contextWithFlow(ROOT_CONTEXT, { id: 'f' })),
    ).not.toThrow();
  });
});

describe('with an SDK', () => {
  recordTelemetry();

  test('carriers full of garbage give a root context and no flow', () => {
    for (const garbage of [
      undefined,
      {},
      { traceparent: 'x' },
      { traceparent: Buffer.alloc(5), baggage: {} },
      { 'fermata-flow-id': [] },
      { 'fermata-flow-id': '' },
    ]) {
      const extracted = extractHeaders(garbage);
      expect(extracted.flow).toBeUndefined();
      expect(extracted.creation).toBeUndefined();
    }
    expect(injectHeaders(Object.freeze({}) as Record<string, unknown>, context.active())).toEqual(
      {},
    );
  });

  test('CloudEvents carry the flow in their own extensions', () => {
    const event: Record<string, unknown> = { specversion: '1.0', id: 'e1', type: 'T' };
    startFlow({ id: 'order-2', type: 'order' }, () => injectHeaders(event, context.active()));
    expect(event).toMatchObject({ bamtxid: 'order-2', bampid: 'order' });
    const { 'fermata-flow-id': _a, 'fermata-flow-type': _b, baggage: _c, ...foreign } = event;
    expect(extractHeaders(foreign)).toMatchObject({
      flow: { id: 'order-2', type: 'order' },
      id: 'e1',
      type: 'T',
    });
  });
});

test('a header’s name shows whether context travels under it', () => {
  const names = [
    'traceparent',
    'tracestate',
    'baggage',
    'fermata-flow-id',
    'tenant',
    'x-fermata-id',
    'id',
  ];
  expect(names.filter(isPropagationHeader)).toEqual(names.slice(0, 4));
});
