import { describe, expect, test } from 'vitest';
import type { Flow, Step } from '../model/flow.ts';
import { dependencyOf as dependency } from './dependency.ts';

const step = (message: string, type = 'Error', service = 'stock'): Step =>
  ({ id: 's1', name: 'Reserve', service, error: { type, message } }) as unknown as Step;
const dependencyOf = (within: Flow, failed: Step): string | null =>
  dependency(within, failed, failed.error!);
const flow = (over: Partial<Flow> = {}): Flow =>
  ({ services: ['stock'], hops: [], steps: [], ...over }) as unknown as Flow;
const named = (message: string, type?: string): string | null =>
  dependencyOf(flow(), step(message, type));

describe('the dependency that an error names', () => {
  test.each([
    ['connect ECONNREFUSED redis-1:6379', 'redis-1'],
    ['getaddrinfo ENOTFOUND redis-1', 'redis-1'],
    ['getaddrinfo EAI_AGAIN redis-1 redis-1:6379', 'redis-1'],
    ['Redis connection to redis-1:6379 failed - connect ETIMEDOUT', 'redis-1'],
    ['timeout on redis-1', 'redis-1'],
    ['redis-1 timed out', 'redis-1'],
    ['redis-1: connection refused', 'redis-1'],
    ['redis-1 is down', 'redis-1'],
    ["READONLY You can't write against a read only replica on redis-1", 'redis-1'],
    ['Unable to connect to redis-1/<unresolved>:6379', 'redis-1'],
    ['Connection refused: redis-1/10.0.0.5:6379', 'redis-1'],
    ['dial tcp: lookup redis-1 on 10.0.0.10:53: no such host', 'redis-1'],
    ['dial tcp 10.0.0.5:6379: connect: connection refused', '10.0.0.5:6379'],
    ['read tcp 10.244.1.5:41234->10.0.0.5:6379: i/o timeout', '10.0.0.5:6379'],
    ['connect ECONNREFUSED 10.0.0.5:6379 - Local (10.0.0.3:44444)', '10.0.0.5:6379'],
    ['Error 111 connecting to redis-1:6379. Connection refused.', 'redis-1'],
    [
      "HTTPSConnectionPool(host='api.pay.example', port=443): Max retries exceeded",
      'api.pay.example',
    ],
    ['It was not possible to connect. UnableToConnect on redis-1:6379/Interactive', 'redis-1'],
    [
      '14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 10.0.0.1:50051',
      '10.0.0.1:50051',
    ],
    ['503 Service Unavailable from POST http://payment:8080/charge/4711', 'payment'],
    [
      'I/O error on POST request for "https://api.pay.example/v1/charges": timeout',
      'api.pay.example',
    ],
    ['Request to https://user:pw@api.pay.example/v1 failed with status 502', 'api.pay.example'],
    ['Failed to connect to broker kafka-1.kafka.svc.cluster.local:9092', 'kafka-1'],
    ['connect ECONNREFUSED [fd00::5]:6379', '[fd00::5]:6379'],
    ['Connection to PG-1.Intern:5432 refused', 'pg-1.intern'],
    ['Connection to db:5432 refused. Check that the hostname and port are correct', 'db'],
    ['could not publish to exchange "orders": channel closed, connection lost', 'exchange orders'],
    ['connect ECONNREFUSED 127.0.0.1:6379', '127.0.0.1:6379 of stock'],
  ])('%s', (message, dependency) => expect(named(message)).toBe(dependency));

  test("the error's type may say what kind of failure it is", () => {
    expect(named('redis-1:6379', 'ConnectionError')).toBe('redis-1');
    expect(named('redis-1', 'java.net.UnknownHostException')).toBe(null);
  });
});

describe('no dependency is named', () => {
  test.each([
    ['timeout'],
    ['Connection timed out'],
    ['The operation was aborted due to timeout'],
    ['read ECONNRESET'],
    ['socket hang up'],
    ['card declined'],
    ['bob@shop-1.example.com is no customer'],
    ['unknown article shoe-12'],
    ['Request to https://api.pay.example/v1/charges failed with status 402'],
    ['order-4711 timed out'],
    ['payment for order-12 timed out'],
    ['timeout of 3000ms exceeded'],
    ['connection lost at Client.js:42'],
    ['io.lettuce.core.RedisConnectionException: connection closed'],
    ['connection closed at 12:30:15'],
    ['the item is unavailable'],
    ['timeout of request 550e8400-e29b-41d4-a716-446655440000'],
  ])('%s', (message) => expect(named(message)).toBe(null));
});

describe('a dependency that the flow knows', () => {
  const call = (to: string, sent: bigint): Flow['hops'][number] =>
    ({
      sync: true,
      from: 's1',
      to,
      sent,
      message: { destination: '' },
    }) as unknown as Flow['hops'][number];
  const steps = [
    { id: 's2', service: 'payment' },
    { id: 's3', service: 'mailer' },
  ] as unknown as Step[];
  test('a service that the error calls by its name', () => {
    const known = flow({ services: ['stock', 'payment', 'pay'] });
    expect(dependencyOf(known, step('timeout while waiting for payment.'))).toBe('payment');
    expect(dependencyOf(known, step('repayment timeout'))).toBe(null);
  });
  test('whom it called last', () => {
    const calls = flow({ steps, hops: [call('s3', 2n), call('s2', 1n)] });
    expect(dependencyOf(calls, step('timeout'))).toBe('mailer');
    expect(dependencyOf(calls, step('not enough stock'))).toBe(null);
  });
  test('a place that it sends to', () => {
    const sends = flow({
      hops: [
        { sync: false, from: 's1', to: null, message: { destination: 'orders.paid' } },
      ] as unknown as Flow['hops'],
    });
    expect(dependencyOf(sends, step('could not send to orders.paid: timeout'))).toBe('orders.paid');
  });
});
