import { createRequire } from 'node:module';
import type { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../../index.ts';
import { isReachable, unique } from '../../testing/brokers.ts';
import { recordTelemetry, until } from '../../testing/telemetry.ts';
import { instrumentIoRedis, traceRedisStreams } from '../redis-streams.ts';

const { spansOf } = recordTelemetry();
const hasRedis = await isReachable('Redis', 6379);
const require = createRequire(import.meta.url);

/** Expects one send span and one process span with the same message id. */
function expectJoined(channel: string): void {
  expect([spansOf('send').length, spansOf('process').length]).toEqual([1, 1]);
  const [[sent], [handled]] = [spansOf('send'), spansOf('process')];
  expect(sent!.attributes).toMatchObject({
    'messaging.system': 'redis',
    'messaging.destination.name': channel,
    'fermata.message.contextless': true,
    'fermata.flow.id': 'r',
  });
  expect(handled!.attributes).toMatchObject({
    'messaging.destination.name': channel,
    'messaging.message.id': sent!.attributes['messaging.message.id'],
    'fermata.message.contextless': true,
  });
}

describe.runIf(hasRedis)('Redis, publish and subscribe', () => {
  describe.each(['ioredis', 'ioredis5', 'ioredis4'])('%s', (name) => {
    const module = require(name) as { Redis?: typeof Redis } & typeof Redis;
    instrumentIoRedis(module);
    const Client = module.Redis ?? module;

    test.each([
      ['message', (client: Redis, channel: string) => client.subscribe(channel)],
      ['messageBuffer', (client: Redis, channel: string) => client.subscribe(channel)],
      ['pmessage', (client: Redis, channel: string) => client.psubscribe(`${channel}*`)],
    ])('%s: both sides name the message by its content', async (event, subscribe) => {
      const channel = unique();
      const [subscriber, publisher] = [new Client(), new Client()];
      await subscribe(subscriber, channel);
      const heard: unknown[] = [];
      let goOn!: () => void;
      const waits = new Promise<void>((resolve) => (goOn = resolve));
      const listener: (...args: unknown[]) => unknown = (...args) => {
        heard.push(String(args.at(-1)));
        return waits;
      };
      subscriber.on(event, listener);
      await withFlow({ id: 'r' }, () => publisher.publish(channel, '{"order":42}'));
      await until(() => heard.length === 1);
      // The span must not end before the listener's promise has settled.
      await publisher.ping();
      expect(spansOf('process')).toEqual([]);
      goOn();
      await until(() => spansOf('process').length === 1);
      expect(heard).toEqual(['{"order":42}']);
      expectJoined(channel);
      await Promise.all([subscriber.quit(), publisher.quit()]);
    });

    test('what Redis and libraries say, and packets with a context of their own, are left out', async () => {
      const prefix = unique();
      const [subscriber, publisher] = [new Client(), new Client()];
      const channels = ['socket.io#/#', '__keyspace@0__:x', prefix];
      await subscriber.subscribe(...channels);
      const heard: unknown[] = [];
      subscriber.on('message', (channel: string) => heard.push(channel));
      await publisher.publish(channels[0]!, 'packet');
      await publisher.publish(channels[1]!, 'set');
      await publisher.publish(prefix, '{"pattern":"x","fermata":{"traceparent":"00-…"}}');
      await until(() => heard.length === 3);
      expect([...spansOf('send'), ...spansOf('process')]).toEqual([]);
      subscriber.removeAllListeners('message');
      await Promise.all([subscriber.quit(), publisher.quit()]);
    });
  });

  test('node-redis: channels and patterns; a listener can be taken off', async () => {
    const channel = unique();
    const subscriber = traceRedisStreams(await createClient().connect());
    const publisher = traceRedisStreams(await createClient().connect());
    const heard: string[] = [];
    const listener = (message: string): void => void heard.push(`${message} ${currentFlow()?.id}`);
    await subscriber.pSubscribe(`${channel}*`, listener);
    await withFlow({ id: 'r' }, () => publisher.publish(channel, 'a'));
    await until(() => spansOf('process').length === 1);
    expect(heard).toEqual(['a undefined']);
    expectJoined(channel);
    await subscriber.pUnsubscribe(`${channel}*`, listener);
    await publisher.publish(channel, 'b');
    await subscriber.ping();
    expect(heard).toHaveLength(1);
    subscriber.destroy();
    publisher.destroy();
  });
});
