import { createRequire } from 'node:module';
import type { Redis as IoRedis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../../index.ts';
import { isReachable, unique } from '../../testing/brokers.ts';
import { flowIdOf, recordTelemetry } from '../../testing/telemetry.ts';
import { instrumentIoRedis, traceRedisStreams } from '../redis-streams.ts';

const { spansOf, joined } = recordTelemetry();
const hasRedis = await isReachable('Redis', 6379);
const require = createRequire(import.meta.url);

type IoRedisModule = (new () => IoRedis) & { Redis?: new () => IoRedis };
const IOREDIS = ['ioredis4', 'ioredis5', 'ioredis'] as const;
const NODE_REDIS = ['redis4', 'redis'] as const;

type Entries = [string, [string, string[]][]][];
interface NodeRedis {
  connect(): Promise<unknown>;
  xAdd(stream: string, id: string, fields: object): Promise<string>;
  xGroupCreate(stream: string, group: string, id: string, options: object): Promise<unknown>;
  xReadGroup(
    group: string,
    consumer: string,
    streams: object,
    options: object,
  ): Promise<{ name: string; messages: { id: string; message: object }[] }[]>;
  xAck(stream: string, group: string, id: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  quit(): Promise<unknown>;
}

const handledIn = (): unknown[] => spansOf('process').map(flowIdOf).sort();
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.runIf(hasRedis).each(IOREDIS)('%s reads', (name) => {
  const connect = (): IoRedis => {
    const module = require(name) as IoRedisModule;
    instrumentIoRedis(module);
    return new (module.Redis ?? module)();
  };

  test('entries are handled in their flows, one by one or beside each other, until XACK', async () => {
    const stream = unique();
    const [client, reader] = [connect(), connect()];
    await client.xgroup('CREATE', stream, 'g', '$', 'MKSTREAM');
    await withFlow({ id: 'r1' }, () => client.xadd(stream, '*', 'n', '1'));
    await withFlow({ id: 'r2' }, () => client.xaddBuffer(stream, '*', 'n', Buffer.from('2')));
    await withFlow({ id: 'r3' }, () => client.call('XADD', stream, '*', 'n', '3'));
    await withFlow({ id: 'r4' }, () => client.pipeline([['xadd', stream, '*', 'n', '4']]).exec());
    const read = (): Promise<Entries | null> =>
      reader.xreadgroup(
        'GROUP',
        'g',
        'c',
        'COUNT',
        2,
        'BLOCK',
        50,
        'STREAMS',
        stream,
        '>',
      ) as never;

    const seen: unknown[] = [];
    const [[, pair]] = (await read()) as [[string, [string, string[]][]]];
    for (const [id, fields] of pair) {
      await later();
      seen.push([fields[1], currentFlow()?.id]);
      await client.xack(stream, 'g', id);
    }
    expect(seen).toEqual([
      ['1', 'r1'],
      ['2', 'r2'],
    ]);
    const [[, together]] = (await read()) as [[string, [string, string[]][]]];
    await Promise.all(
      together.map(async ([id, fields]) => {
        await later();
        seen.push([fields[1], currentFlow()?.id]);
        await client.xack(stream, 'g', id);
      }),
    );
    expect(seen.slice(2)).toEqual([
      ['3', 'r3'],
      ['4', 'r4'],
    ]);
    expect(await read()).toBeNull();
    expect(currentFlow()).toBeUndefined();
    expect(handledIn()).toEqual(['r1', 'r2', 'r3', 'r4']);
    expect(joined().every(([sent, handled]) => flowIdOf(sent) === flowIdOf(handled))).toBe(true);
    expect(spansOf('send')).toHaveLength(4);
    await client.del(stream);
    await Promise.all([client.quit(), reader.quit()]);
  });

  test('a read that waited for the connection is traced once', async () => {
    const stream = unique();
    const client = connect();
    await client.xgroup('CREATE', stream, 'g', '$', 'MKSTREAM');
    await withFlow({ id: 'once' }, () => client.xadd(stream, '*', 'n', '1'));
    const early = connect();
    const [[, [entry]]] = (await early.xreadgroup(
      ...(['GROUP', 'g', 'c', 'STREAMS', stream, '>'] as const),
    )) as Entries as [[string, [[string, string[]]]]];
    expect(entry[1]).toContain('n');
    await client.xack(stream, 'g', entry[0]);
    expect(handledIn()).toEqual(['once']);
    await client.del(stream);
    await Promise.all([client.quit(), early.quit()]);
  });

  test('an entry is what the application would have read without us', async () => {
    const stream = unique();
    const client = connect();
    const id = await client.xadd(stream, '*', 'n', '1');
    const [[, [entry]]] = (await client.xread('STREAMS', stream, '0')) as Entries as [
      [string, [[string, string[]]]],
    ];
    expect(entry[0]).toBe(id);
    expect([...entry]).toEqual([id, entry[1]]);
    expect(JSON.parse(JSON.stringify(entry))).toEqual([id, entry[1]]);
    entry[1] = ['other'];
    expect(entry[1]).toEqual(['other']);
    await client.del(stream);
    await client.quit();
  });
});

test.runIf(hasRedis).each(NODE_REDIS)(
  '%s: entries of a group are handled until xAck',
  async (name) => {
    const stream = unique();
    const { createClient } = require(name) as { createClient: () => NodeRedis };
    const client = traceRedisStreams(createClient());
    await client.connect();
    await client.xGroupCreate(stream, 'g', '$', { MKSTREAM: true });
    await withFlow({ id: 'a' }, () => client.xAdd(stream, '*', { n: '1' }));
    await withFlow({ id: 'b' }, () => client.xAdd(stream, '*', { n: '2' }));
    const [read] = await client.xReadGroup('g', 'c', { key: stream, id: '>' }, { COUNT: 5 });
    const seen: unknown[] = [];
    for (const { id, message } of read!.messages) {
      await later();
      seen.push([(message as { n: string }).n, currentFlow()?.id]);
      await client.xAck(stream, 'g', id);
    }
    expect(seen).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ]);
    expect(handledIn()).toEqual(['a', 'b']);
    await client.del(stream);
    await client.quit();
  },
);
