import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry } from '../testing/telemetry.ts';
import { handleStreamEntry, instrumentNodeRedis, traceRedisStreams } from './redis-streams.ts';

const { spansOf, joined } = recordTelemetry();
const hasRedis = await isReachable('Redis', 6379);

describe.runIf(hasRedis)('Redis Streams', () => {
  test.each(['ioredis', 'node-redis'] as const)(
    '%s: context travels in the entry, the application’s fields stay',
    async (kind) => {
      const stream = unique();
      const reader = new Redis();
      let close: () => Promise<unknown>;
      if (kind === 'ioredis') {
        const client = traceRedisStreams(new Redis());
        await withFlow({ id: 'r' }, () =>
          client.xadd(stream, 'MAXLEN', '~', 1000, '*', 'id', '42', 'type', 'own'),
        );
        close = () => client.quit();
      } else {
        const client = traceRedisStreams(await createClient().connect());
        await withFlow({ id: 'r' }, () => client.xAdd(stream, '*', { id: '42', type: 'own' }));
        close = () => client.close();
      }
      const [[id, fields]] = (await reader.xrange(stream, '-', '+')) as [[string, string[]]];
      expect(fields).toEqual(expect.arrayContaining(['id', '42', 'type', 'own', 'traceparent']));
      handleStreamEntry({ stream, group: 'g', id, fields, deliveries: 2 }, () =>
        expect(currentFlow()?.id).toBe('r'),
      );
      const [[sent, handled]] = joined() as [[ReadableSpan, ReadableSpan]];
      expect(flowIdOf(sent)).toBe('r');
      expect(handled.attributes).toMatchObject({
        'fermata.flow.id': 'r',
        'fermata.step.attempt': 2,
        'messaging.message.id': sent.attributes['messaging.message.id'],
      });
      await reader.del(stream);
      await reader.quit();
      await close();
    },
  );

  test('ioredis: a message that is moved to dead letters while it is handled failed', async () => {
    const stream = unique();
    const client = traceRedisStreams(new Redis());
    const entry = { stream, group: 'g', id: '1-0', fields: ['payload', '{}'] };
    const original = { 'x-original-channel': stream, 'x-original-group': 'g' };
    for (const headers of [{ ...original, 'x-error-message': 'card refused' }, { own: 'x' }])
      await handleStreamEntry(entry, () =>
        client.xaddBuffer(
          `${stream}:dead`,
          '*',
          'payload',
          '{}',
          'headers',
          JSON.stringify(headers),
        ),
      );
    expect(spansOf('process').map(({ status }) => status.message)).toEqual([
      'card refused',
      undefined,
    ]);
    await client.del(`${stream}:dead`);
    await client.quit();
  });

  test('ioredis with a callback: the entry is written, with its context before the callback', async () => {
    const stream = unique();
    const client = traceRedisStreams(new Redis());
    const id = await new Promise((resolve, reject) => {
      void client.xadd(stream, '*', 'a', '1', (error, added) =>
        error ? reject(error) : resolve(added),
      );
    });
    const [[added, fields]] = (await client.xrange(stream, '-', '+')) as [[string, string[]]];
    expect(added).toBe(id);
    expect(fields).toEqual(expect.arrayContaining(['a', '1', 'traceparent']));
    await client.del(stream);
    await client.quit();
  });

  test.each(['ioredis', 'node-redis'] as const)(
    '%s: fields passed on from the entry being handled say nothing of the new one',
    async (kind) => {
      const stream = unique();
      const ioredis = traceRedisStreams(new Redis());
      const nodeRedis = traceRedisStreams(await createClient().connect());
      const received = {
        tenant: 't1',
        'fermata-message-id': 'old',
        'fermata-itinerary': 'here,there',
      };
      const entry = { stream: 'before', group: 'g', id: '1-0', fields: received };
      await handleStreamEntry(entry, () =>
        kind === 'ioredis'
          ? ioredis.xadd(stream, '*', ...Object.entries(received).flat(), 'last', 'traceparent')
          : nodeRedis.xAdd(stream, '*', { ...received, last: 'traceparent' }),
      );
      const [[, fields]] = (await ioredis.xrange(stream, '-', '+')) as [[string, string[]]];
      const { 'fermata-message-id': id, ...others } = Object.fromEntries(
        fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1]]] : [])),
      ) as Record<string, string>;
      expect(others).toMatchObject({
        tenant: 't1',
        last: 'traceparent',
        'fermata-causation-id': 'old',
      });
      expect(others).not.toHaveProperty('fermata-itinerary');
      expect(id).toBe(spansOf('send')[0]!.attributes['messaging.message.id']);
      expect(fields.filter((name) => name === 'fermata-message-id')).toHaveLength(1);
      await ioredis.del(stream);
      await Promise.all([ioredis.quit(), nodeRedis.close()]);
    },
  );

  test('zero-code: a node-redis client, its duplicate and a pool', async () => {
    const stream = unique();
    const redis = { createClient, createClientPool };
    instrumentNodeRedis(redis);
    instrumentNodeRedis(redis);
    const client = await redis.createClient().connect();
    const duplicate = await client.duplicate().connect();
    const pool = redis.createClientPool();
    await pool.connect();
    for (const one of [client, duplicate, pool])
      await withFlow({ id: 'z' }, () => one.xAdd(stream, '*', { n: '1' }));
    const entries = await client.xRange(stream, '-', '+');
    for (const { id, message } of entries!)
      handleStreamEntry({ stream, group: 'g', id, fields: message }, () => undefined);
    expect(joined().map(([sent]) => flowIdOf(sent))).toEqual(Array(3).fill('z'));
    await client.del(stream);
    for (const one of [client, duplicate, pool]) await one.close();
  });

  test('pipelines and transactions: each entry has its context, and the span of its sender', async () => {
    const stream = unique();
    const ioredis = traceRedisStreams(new Redis());
    const automatic = traceRedisStreams(new Redis({ enableAutoPipelining: true }));
    const nodeRedis = traceRedisStreams(await createClient().connect());
    await withFlow({ id: 'p' }, async () => {
      await ioredis.pipeline().xadd(stream, '*', 'n', '1').xadd(stream, '*', 'n', '2').exec();
      await ioredis.multi().xadd(stream, '*', 'n', '3').exec();
      await ioredis.multi({ pipeline: false });
      await ioredis.xadd(stream, '*', 'n', '4');
      await ioredis.exec();
      await Promise.all([automatic.get('x'), automatic.xadd(stream, '*', 'n', '5')]);
      await nodeRedis.multi().xAdd(stream, '*', { n: '6' }).exec();
    });
    const entries = await ioredis.xrange(stream, '-', '+');
    for (const [id, fields] of entries)
      handleStreamEntry({ stream, group: 'g', id, fields }, () =>
        expect(currentFlow()?.id).toBe('p'),
      );
    expect(entries.map(([, fields]) => fields[1])).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(spansOf('send')).toHaveLength(6);
    expect(joined().map(([sent]) => flowIdOf(sent))).toEqual(Array(6).fill('p'));
    await ioredis.del(stream);
    await Promise.all([ioredis.quit(), automatic.quit(), nodeRedis.close()]);
  });
});

test('a client whose class is traced already is traced once', () => {
  class Client {
    readonly entries: unknown[][] = [];
    xadd(...entry: unknown[]): void {
      this.entries.push(entry);
    }
  }
  traceRedisStreams(Client.prototype);
  const client = traceRedisStreams(new Client());
  client.xadd('stream', '*', 'n', '1');
  expect(client.entries).toHaveLength(1);
  expect(spansOf('send')).toHaveLength(1);
});
