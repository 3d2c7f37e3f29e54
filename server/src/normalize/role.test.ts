import { expect, test } from 'vitest';
import { KIND, roleOf, type Told } from './role.ts';

const TOLD: Told = {
  ...{ kind: 0, name: 'n', system: '', operation: '', operationName: '', trigger: '' },
  ...{ hasDestination: false, isCall: false, daprApi: '', links: 0, batchCount: 0 },
  isRoot: false,
  isUpkeep: false,
};
const role = (
  kind: number,
  { name: operationName = '', ...told }: Partial<Told> = {},
): string => roleOf({ ...TOLD, kind, operationName, ...told });

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
    expect(role(kind, { system: 'kafka', operation })).toBe(expected);
    expect(role(kind, { system: 'kafka', name: operation })).toBe(expected);
  }
});

test('the type of the operation counts before its name', () => {
  const both = { system: 'sqs', operation: 'receive', name: 'publish' };
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
