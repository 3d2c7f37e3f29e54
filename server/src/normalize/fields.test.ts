import { expect, test } from 'vitest';
import type { Attributes } from '../model/otlp.ts';
import type { Span } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

const spanOf = (kind: number, attributes: Attributes): Span =>
  createNormalizer({ identityKeys: [], searchKeys: [] }).span(
    {
      ...{ resource: { attributes: [] }, scopeName: '', traceId: '1'.repeat(32), flags: 0 },
      ...{ spanId: '1'.repeat(16), parentSpanId: '', traceState: '', name: 'n', kind },
      ...{ start: unixNanos(1n), end: unixNanos(2n), attributes, events: [], links: [] },
      ...{ statusCode: 0, statusMessage: '' },
    },
    0,
  ).span;
const messageOf = (kind: number, attributes: Attributes): unknown => {
  const { message } = spanOf(kind, attributes);
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
  [
    'a job in a queue of many jobs',
    4,
    ['messaging.destination', 'default', 'messaging.sidekiq.job_class', 'Billing::ChargeCard'],
    ['', 'ChargeCard', 'default', ''],
  ],
  [
    'a queue that its client calls temporary by a text',
    5,
    ['messaging.system', 'nats', 'messaging.destination.temporary', 'true'],
    ['', '', '(temporary)', ''],
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

test.each([
  'messaging.consumer.group.name',
  'messaging.kafka.consumer.group',
  'messaging.kafka.consumer_group',
  'messaging.rocketmq.client_group',
  'messaging.nats.consumer.group',
  'messaging.azure_eventhubs.consumer.group',
  'messaging.azure_servicebus.destination.subscription_name',
])('%s names the group', (name) => {
  expect(spanOf(5, ['messaging.destination.name', 'q', name, 'pay']).message).toMatchObject({
    group: 'pay',
  });
});

test.each([
  [['messaging.system', 'RabbitMQ'], 'rabbitmq'],
  [['messaging.system', 'AmazonSQS'], 'aws_sqs'],
  [['messaging.system', 'AzureServiceBus'], 'servicebus'],
  [['messaging.system', 'azure_servicebus'], 'servicebus'],
  [['messaging.system', 'MyBus'], 'mybus'],
  [['messaging.rocketmq.client_group', 'pay'], 'rocketmq'],
  [['oban.job.worker', 'ChargeCard'], 'oban'],
])('%s is of %s', (attributes, system) => {
  expect(spanOf(5, attributes).message).toMatchObject({ system });
});

test('a step that runs a job is named after its class', () => {
  const job = ['messaging.sidekiq.job_class', 'Billing::ChargeCard'];
  expect(spanOf(5, ['messaging.destination', 'n', ...job]).name).toBe('ChargeCard');
  expect(spanOf(5, ['messaging.destination', 'default', ...job]).name).toBe('n');
});

test('a poll that got no message is a call to the broker', () => {
  const poll = ['messaging.system', 'sqs', 'messaging.operation.type', 'receive'];
  const roleOf = (...attributes: Attributes): string => spanOf(5, [...poll, ...attributes]).role;
  expect(roleOf()).toBe('receive');
  expect(roleOf('messaging.batch.message_count', 1)).toBe('receive');
  expect(roleOf('messaging.batch.message_count', 0)).toBe('client');
  expect(roleOf('messaging.message.envelope.size', 0n)).toBe('client');
  expect(roleOf('messaging.operation.name', 'fetch (empty)')).toBe('client');
  const handled = ['messaging.operation.type', 'process', 'messaging.message.envelope.size', 0];
  expect(spanOf(5, ['messaging.system', 'sqs', ...handled]).role).toBe('process');
});
