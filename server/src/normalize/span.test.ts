import { expect, test } from 'vitest';
import type { Attributes, OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createAttributeReader } from './attributes.ts';
import { createResourceReader } from './resource.ts';
import { createSpanNormalizer } from './span.ts';

const reader = createAttributeReader({ identityKeys: [], searchKeys: [] });
const normalize = createSpanNormalizer(reader, createResourceReader(reader));
const TRACE = 'a'.repeat(32);
const otlp = (over: Partial<OtlpSpan> = {}): OtlpSpan => ({
  ...{ resource: { attributes: ['service.name', 'shop'] }, scopeName: '', traceId: TRACE },
  ...{ spanId: 'b'.repeat(16), parentSpanId: '', traceState: '', flags: 0, name: 'n', kind: 1 },
  ...{ start: unixNanos(10n), end: unixNanos(20n), attributes: [], events: [], links: [] },
  ...{ statusCode: 0, statusMessage: '' },
  ...over,
});
const spanOf = (over: Partial<OtlpSpan> = {}) => normalize(otlp(over), 5).span;

test('a parent is known by trace and span, and remote only where its sender says so', () => {
  expect(spanOf().parent).toBe('');
  expect(spanOf({ parentSpanId: 'c'.repeat(16) }).parent).toBe(TRACE + 'c'.repeat(16));
  const remote = [0x0, 0x100, 0x200, 0x300].map((flags) => spanOf({ flags }).parentRemote);
  expect(remote).toEqual([null, false, null, true]);
});

test.each([
  ['', false],
  ['ot=th:8', true],
  ['ot=th:0', false],
  ['ot=th:000', false],
  ['ot=th:0c', true],
  ['ot=rv:1234;th:c', true],
  ['vendor=x, ot=th:c', true],
  ['vendor=th:c', false],
  ['xot=th:c', false],
  ['ot=rv:c', false],
])('trace state %j: sampled by chance is %s', (traceState, sampled) => {
  expect(spanOf({ traceState }).sampled).toBe(sampled);
});

test('only a status of error is a failure', () => {
  expect([0, 1, 2, 3].map((statusCode) => spanOf({ statusCode }).failed)).toEqual([
    ...[false, false, true, false],
  ]);
  expect(spanOf({ statusCode: 1, statusMessage: 'x' }).error).toBeNull();
  expect(spanOf({ statusCode: 2, statusMessage: 'gone' }).error).toEqual({
    type: 'error',
    message: 'gone',
  });
});

test.each([
  ['its answer', ['http.response.status_code', 503], '503'],
  ['its answer, by the older name', ['http.status_code', '404'], '404'],
  ['its call, by number', ['rpc.grpc.status_code', 14], 'UNAVAILABLE'],
  ['its call, by name', ['rpc.response.status_code', 'DEADLINE_EXCEEDED'], 'DEADLINE_EXCEEDED'],
  ['its call, by a number that gRPC does not have', ['rpc.grpc.status_code', 99], '99'],
  ['no answer that was good', ['http.response.status_code', 200], 'error'],
  ['no call that was good', ['rpc.grpc.status_code', 0], 'error'],
  [
    'the cause, if it is told',
    ['http.response.status_code', 500, 'error.type', 'NoStock'],
    'NoStock',
  ],
])('a failure without a type has that of %s', (_what, attributes, type) => {
  expect(spanOf({ statusCode: 2, attributes }).error).toEqual({ type, message: '' });
  expect(spanOf({ statusCode: 0, attributes }).error).toBeNull();
});

test('an end before the start is repaired, said, and stored as it came', () => {
  const { span, raw } = normalize(otlp({ start: unixNanos(20n), end: unixNanos(10n) }), 5);
  expect([span.start, span.end, span.warnings]).toEqual([20n, 20n, ['end-before-start']]);
  expect([raw.start, raw.end]).toEqual([20n, 10n]);
  expect(spanOf().warnings).toEqual([]);
});

test('times beyond what 64 signed bits hold are none', () => {
  const far = unixNanos(2n ** 64n - 1n);
  expect(spanOf({ end: far })).toMatchObject({ start: 10n, end: 10n });
  expect(spanOf({ start: far })).toMatchObject({ start: 20n, end: 20n });
  expect(spanOf({ start: far, end: far }).end).toBeLessThan(2n ** 63n);
});

const bus = (...more: Attributes): Partial<OtlpSpan> => ({
  attributes: ['messaging.system', 'kafka', 'messaging.destination.name', 'orders', ...more],
});

test('only who sends, takes or settles has a message', () => {
  expect(spanOf({ kind: 4, ...bus() }).message).toMatchObject({
    ...{ system: 'kafka', destination: 'orders' },
  });
  expect(spanOf({ kind: 3, ...bus() })).toMatchObject({ role: 'client', message: null });
  expect(spanOf({ kind: 4 })).toMatchObject({ role: 'send', message: { system: '' } });
});

test('a message has a position where its place, partition and offset are known', () => {
  const position = (...more: Attributes) => spanOf({ kind: 5, ...bus(...more) }).message!.position;
  const partition = ['messaging.destination.partition.id', '3'];
  const offset = ['messaging.kafka.offset', 0];
  expect(position(...partition, ...offset)).toBe('orders/3/0');
  expect([position(...partition), position(...offset)]).toEqual(['', '']);
});

test('a consumer of RabbitMQ that names the exchange took from the queue in the name of its span', () => {
  const place = ['messaging.destination', 'orders', 'messaging.rabbitmq.routing_key', 'placed'];
  const took = (name: string, kind = 5, ...more: Attributes) =>
    spanOf({ kind, name, attributes: [...place, ...more, 'messaging.operation', 'process'] })
      .message!;
  const destination = (...of: Parameters<typeof took>) => took(...of).destination;
  expect(destination('mail.placed process')).toBe('mail.placed');
  expect(destination('orders process')).toBe('orders');
  expect(destination('on placed')).toBe('orders');
  expect(destination('<default> process')).toBe('orders');
  expect(destination('mail.placed process', 4)).toBe('orders');
  expect(destination('mail process', 5, 'messaging.system', 'kafka')).toBe('orders');
  const one = took('amq.gen-Xa1 process');
  expect([one.destination, one.subscription]).toEqual(['orders', 'amq.gen-Xa1']);
});

test('a request that a server answers is known by its route, else by its method or name', () => {
  const route = (kind: number, name: string, ...attributes: Attributes) =>
    spanOf({ kind, name, attributes }).route;
  expect(route(2, 'x', 'http.route', '/a/:id', 'http.request.method', 'GET')).toBe('GET /a/:id');
  expect(route(2, 'x', 'http.route', '/a/:id')).toBe('/a/:id');
  expect(route(3, 'x', 'rpc.service', 'Pay', 'rpc.method', 'Charge')).toBe('Pay/Charge');
  expect(route(2, 'x', 'uri', '/a/{id}', 'method', 'PUT')).toBe('PUT /a/{id}');
  expect(route(3, 'x', 'uri', '/a/{id}', 'method', 'PUT')).toBe('');
});

test('the stored form keeps what its sender said', () => {
  const said = { flags: 0x301, traceState: 'a=b', statusCode: 2, statusMessage: 'no', kind: 4 };
  const { raw } = normalize(otlp({ ...said, scopeName: 'lib', droppedLinks: 3 }), 5);
  expect(raw).toMatchObject({ ...said, name: 'n', scope: 'lib', droppedLinks: 3, eventName: '' });
  expect('droppedLinks' in normalize(otlp(), 5).raw).toBe(false);
});
