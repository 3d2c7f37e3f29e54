import { describe, expect, test } from 'vitest';
import { KIND, roleOf, type Told } from './role.ts';

const TOLD: Told = {
  ...{ kind: 0, name: 'n', system: '', operation: '', operationName: '', trigger: '' },
  ...{ destination: '', isCall: false, daprApi: '', links: 0, batchCount: 0 },
  isRoot: false,
  isEmpty: false,
  isUpkeep: false,
};
const role = (kind: number, told: Partial<Told> = {}): string => roleOf({ ...TOLD, kind, ...told });

test.each([
  ['producer', 'send'],
  ['consumer', 'process'],
  ['server', 'server'],
  ['client', 'client'],
  ['internal', 'internal'],
] as const)('a %s that says nothing else is %s', (kind, expected) => {
  expect(role(KIND[kind])).toBe(expected);
});

test('a kind that nobody knows is internal', () => {
  for (const kind of [0, 6, -1, NaN]) expect(role(kind)).toBe('internal');
});

test.each([
  ['publish', 'send'],
  ['SEND', 'send'],
  ['create', 'create'],
  ['poll', 'receive'],
  ['receive', 'receive'],
  ['Deliver', 'process'],
  ['consume', 'process'],
  ['ack', 'settle'],
  ['nack', 'settle'],
  ['commit', 'settle'],
])('%s is %s, whatever kind the client says', (operation, expected) => {
  for (const kind of Object.values(KIND)) {
    // A span of kind PRODUCER is never a receiver, whatever operation it reports.
    const takes = expected === 'receive' || expected === 'process';
    const own = kind === KIND.producer && takes ? 'send' : expected;
    expect(role(kind, { system: 'kafka', operation })).toBe(own);
    expect(role(kind, { system: 'kafka', operationName: operation })).toBe(own);
  }
});

test('the type of the operation counts before its name', () => {
  const both = { system: 'sqs', operation: 'receive', operationName: 'publish' };
  expect(role(KIND.client, both)).toBe('receive');
  expect(role(KIND.client, { ...both, operation: 'unknown' })).toBe('send');
});

test('without a messaging system a word makes a message only of who produces or consumes', () => {
  expect(role(KIND.client, { operation: 'commit' })).toBe('client');
  expect(role(KIND.internal, { operation: 'process' })).toBe('internal');
  expect(role(KIND.consumer, { operation: 'receive' })).toBe('receive');
  expect(role(KIND.producer, { operation: 'create' })).toBe('create');
});

test('a function that a message triggered processes it, though it is a server', () => {
  expect(role(KIND.server, { trigger: 'pubsub' })).toBe('process');
  expect(role(KIND.server, { trigger: 'http' })).toBe('server');
  expect(role(KIND.client, { trigger: 'pubsub' })).toBe('client');
});

test('a name that every object has is no operation', () => {
  for (const operation of ['constructor', '__proto__', 'toString'])
    expect(role(KIND.client, { system: 'kafka', operation })).toBe('client');
});

describe('agents that report another role than they play', () => {
  const { client, producer, server, consumer, internal } = KIND;
  const gcp = { system: 'gcp_pubsub', destination: 'orders' };
  test.each<[string, number, Partial<Told>, string]>([
    ['an acknowledgement', client, { ...gcp, name: 'sub ack', operation: 'receive' }, 'settle'],
    ['one of Azure', client, { system: 'servicebus', name: 'Receiver.DeadLetter' }, 'settle'],
    ['one of RabbitMQ', client, { system: 'rabbitmq', name: 'basic.nack' }, 'settle'],
    ['one beside its message', client, { ...gcp, name: 'sub ack', isRoot: true }, 'client'],
    ['a receipt', client, { ...gcp, name: 'sub receive', operation: 'receive' }, 'receive'],
    ['no message at all', client, { name: 'transaction.commit' }, 'client'],
    ['a queue of that name', consumer, { ...gcp, name: 'process ack' }, 'process'],
    ['a send of linked messages', client, { ...gcp, operation: 'send', links: 1 }, 'client'],
    ['a send without links', client, { ...gcp, operation: 'send' }, 'send'],
    [
      'a batch of linked messages',
      producer,
      { ...gcp, links: 2, batchCount: 2, isRoot: true },
      'client',
    ],
    ['a message with a link', producer, { ...gcp, links: 1, isRoot: true }, 'send'],
    ['a batch in a request', producer, { ...gcp, links: 2, batchCount: 2 }, 'send'],
    ['a pushed message', server, gcp, 'process'],
    ['a request that names a system', server, { ...gcp, isCall: true }, 'server'],
    ['a server without destination', server, { system: 'kafka' }, 'server'],
    ['a call that publishes', client, { ...gcp, daprApi: 'POST /v1.0/publish/bus/orders' }, 'send'],
    ['its name alone', client, { ...gcp, name: '/v1.0/publish/bus/orders' }, 'send'],
    ['by gRPC', client, { ...gcp, name: '/dapr.proto.runtime.v1.Dapr/PublishEvent' }, 'send'],
    [
      'a call that invokes',
      client,
      { ...gcp, name: '/v1.0/invoke/shop/method/publish-it' },
      'client',
    ],
    ['a heartbeat', producer, { isUpkeep: true }, 'client'],
    ['who took it', consumer, { isUpkeep: true }, 'internal'],
    ['work', internal, { name: 'ack', system: 'kafka' }, 'internal'],
  ])('%s', (_what, kind, told, expected) => {
    expect(role(kind, told)).toBe(expected);
  });
});

test('a consumer without an operation receives, if that is its name', () => {
  const named = (name: string, destination = ''): string =>
    role(KIND.consumer, { name, destination });
  expect(named('receive')).toBe('receive');
  expect(named('receive orders', 'orders')).toBe('receive');
  expect(named('orders receive', 'orders')).toBe('process');
  expect(named('receive an order')).toBe('process');
  expect(role(KIND.consumer, { name: 'receive', operation: 'process' })).toBe('process');
});
