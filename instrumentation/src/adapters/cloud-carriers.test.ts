import { expect, test } from 'vitest';
import {
  fromPubSubAttributes,
  fromServiceBusProperties,
  fromSnsBody,
  fromSqsAttributes,
  toPubSubAttributes,
  toServiceBusProperties,
  toSqsAttributes,
} from './cloud-carriers.ts';

const HEADERS = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  baggage: 'fermata.flow.id=42',
  'fermata-flow-id': '42',
  'fermata-message-id': 'm-1',
};

test('SQS: each in an attribute of its own, the application’s first', () => {
  const own = { tenant: { DataType: 'String', StringValue: 'a' } };
  const attributes = toSqsAttributes(own, HEADERS);
  expect(attributes['tenant']).toBe(own.tenant);
  expect(attributes['traceparent']).toEqual({
    DataType: 'String',
    StringValue: HEADERS.traceparent,
  });
  expect(fromSqsAttributes(attributes)).toEqual({ ...HEADERS, tenant: 'a' });
});
test('SQS: never an eleventh attribute; where there is little room, all travel in one', () => {
  const own = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'x' }]),
  );
  const attributes = toSqsAttributes(own, HEADERS);
  expect(Object.keys(attributes)).toHaveLength(9);
  expect(fromSqsAttributes(attributes)).toMatchObject(HEADERS);
  const full = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'x' }]),
  );
  expect(toSqsAttributes(full, HEADERS)).toBe(full);
});
test('SNS in the body of an SQS message', () => {
  const body = JSON.stringify({
    Type: 'Notification',
    Message: '{}',
    MessageAttributes: Object.fromEntries(
      Object.entries(HEADERS).map(([name, Value]) => [name, { Type: 'String', Value }]),
    ),
  });
  expect(fromSnsBody(body)).toEqual(HEADERS);
  for (const garbage of ['', 'null', '[]', '{"MessageAttributes":1}', '{'])
    expect(fromSnsBody(garbage)).toEqual({});
});
test('Pub/Sub: names of the client’s own instrumentation are understood, plain ones count more', () => {
  const attributes = toPubSubAttributes({ tenant: 'a' }, HEADERS);
  expect(fromPubSubAttributes(attributes)).toEqual({ ...HEADERS, tenant: 'a' });
  expect(
    fromPubSubAttributes({ googclient_traceparent: 'old', traceparent: 'new' })['traceparent'],
  ).toBe('new');
  expect(fromPubSubAttributes({ googclient_traceparent: 'old' })['traceparent']).toBe('old');
  expect(toPubSubAttributes({}, { baggage: 'x'.repeat(1025) })).toEqual({});
});
test('Service Bus: Diagnostic-Id is the historic traceparent', () => {
  expect(toServiceBusProperties({ tenant: 'a' }, HEADERS)).toMatchObject({
    tenant: 'a',
    'Diagnostic-Id': HEADERS.traceparent,
    traceparent: HEADERS.traceparent,
  });
  expect(fromServiceBusProperties({ 'Diagnostic-Id': 'x' })['traceparent']).toBe('x');
  expect(fromServiceBusProperties(undefined)).toEqual({});
});

const NEXT = {
  traceparent: '00-1af7651916cd43dd8448eb211c80319c-a7ad6b7169203331-01',
  'fermata-message-id': 'm-2',
};
const OF_FLOW_7 = { ...NEXT, 'fermata-flow-id': '7', baggage: 'fermata.flow.id=7' };
const RECEIVED = {
  ...HEADERS,
  tracestate: 'a=1',
  'fermata-causation-id': 'm-0',
  'fermata-itinerary': 'here,there',
  'fermata-flow-type': 'order',
};
type Carrier = [to: (given: object, headers: object) => object, from: (sent: object) => object];
const SQS = [toSqsAttributes, fromSqsAttributes] as Carrier;
const PUB_SUB = [toPubSubAttributes, fromPubSubAttributes] as Carrier;
const SERVICE_BUS = [toServiceBusProperties, fromServiceBusProperties] as Carrier;
test.each([
  ['SQS', SQS, toSqsAttributes({}, RECEIVED)],
  [
    'SQS, all in one',
    SQS,
    { 'fermata-context': { DataType: 'String', StringValue: JSON.stringify(RECEIVED) } },
  ],
  ['Pub/Sub', PUB_SUB, toPubSubAttributes({}, RECEIVED)],
  ['Service Bus', SERVICE_BUS, toServiceBusProperties({}, RECEIVED)],
])(
  '%s: what was received with a message and is sent on with another says nothing of the old one',
  (_, [to, from], received) => {
    const sentOn = (headers: object): object => {
      const { 'Diagnostic-Id': historic, ...all } = from(to(received, headers)) as Record<
        string,
        string
      >;
      expect([undefined, all['traceparent']]).toContain(historic);
      return all;
    };
    expect(sentOn(OF_FLOW_7)).toEqual(OF_FLOW_7);
    // The new message is sent outside of any flow, so it keeps the flow of the received message.
    expect(sentOn(NEXT)).toEqual({
      ...NEXT,
      'fermata-flow-id': '42',
      'fermata-flow-type': 'order',
      baggage: 'fermata.flow.id=42',
    });
    expect(to(received, {})).toEqual(received);
  },
);
