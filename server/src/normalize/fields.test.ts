import { expect, test } from 'vitest';
import type { Attributes } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

const messageOf = (kind: number, attributes: Attributes): unknown => {
  const { message } = createNormalizer({ identityKeys: [], searchKeys: [] }).span(
    {
      ...{ resource: { attributes: [] }, scopeName: '', traceId: '1'.repeat(32), flags: 0 },
      ...{ spanId: '1'.repeat(16), parentSpanId: '', traceState: '', name: 'n', kind },
      ...{ start: unixNanos(1n), end: unixNanos(2n), attributes, events: [], links: [] },
      ...{ statusCode: 0, statusMessage: '' },
    },
    0,
  ).span;
  return message && [message.kind, message.type, message.destination, message.group];
};

const QUEUE = 'amq.gen-JzTY20BRgKO-HjmUJj0wLg';
test.each<[string, number, Attributes, unknown]>([
  [
    'an answer that its client calls a command',
    4,
    [
      ...['messaging.system', 'rabbitmq', 'messaging.destination.name', QUEUE],
      ...['fermata.message.kind', 'command', 'fermata.message.type', QUEUE],
    ],
    ['reply', '', '(temporary)', ''],
  ],
  [
    'a command to a queue that stays',
    4,
    [
      ...['messaging.system', 'rabbitmq', 'messaging.destination.name', 'mail'],
      ...['fermata.message.kind', 'command', 'fermata.message.type', 'mail'],
    ],
    ['command', 'mail', 'mail', ''],
  ],
  [
    'a subscriber with a queue of its own',
    5,
    [
      ...['messaging.system', 'rabbitmq', 'messaging.destination.name', QUEUE],
      ...['messaging.consumer.group.name', QUEUE, 'fermata.message.type', 'order.placed'],
    ],
    ['', 'order.placed', '(temporary)', '(temporary)'],
  ],
  [
    'a handler of NServiceBus',
    5,
    [
      ...['nservicebus.enclosed_message_types', 'A.PlaceOrder, A', 'nservicebus.message_id', 'm'],
      ...['nservicebus.message_intent', 'Send', 'nservicebus.processing_endpoint', 'Sales'],
    ],
    ['command', 'PlaceOrder', 'Sales', ''],
  ],
])('%s', (_what, kind, attributes, expected) => {
  expect(messageOf(kind, attributes)).toEqual(expected);
});

const flowOf = (attributes: Attributes): unknown => {
  const { flow } = createNormalizer({ identityKeys: [], searchKeys: [] }).span(
    {
      resource: { attributes: [] },
      scopeName: '',
      traceId: '1'.repeat(32),
      spanId: '1'.repeat(16),
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'start',
      kind: 1,
      start: unixNanos(1n),
      end: unixNanos(2n),
      attributes,
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
    },
    0,
  ).span;
  return flow && [flow.kind, flow.id, flow.type];
};

test.each<[Attributes, unknown]>([
  [
    ['fermata.flow.id', '1000', 'fermata.flow.type', 'orders'],
    ['', '1000', 'orders'],
  ],
  [
    ['process.instance.id', 1000],
    ['process.instance.id', '1000', ''],
  ],
  [
    ['cloudevents.bamtxid', '1000', 'cloudevents.bampid', 'orders'],
    ['cloudevents.bamtxid', '1000', 'orders'],
  ],
  [
    ['process.instance.id', 'p', 'fermata.flow.id', 'f'],
    ['', 'f', ''],
  ],
  [
    ['fermata.flow.type', 'orders'],
    ['', '', 'orders'],
  ],
  [['messaging.system', 'kafka'], null],
])('an id is named by the attribute that says it, ours first: %j', (attributes, expected) => {
  expect(flowOf(attributes)).toEqual(expected);
});
