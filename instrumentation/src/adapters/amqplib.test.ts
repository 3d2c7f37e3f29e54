import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import amqplib from 'amqplib';
import type CallbackApi from 'amqplib/callback_api';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { instrumentAmqplib, instrumentAmqplibCallbacks, traceChannel } from './amqplib.ts';

const { exporter, spansOf, joined } = recordTelemetry();
const hasRabbitMq = await isReachable('RabbitMQ', 5672);

/** The parts of the rascal library that these tests use, because rascal ships no types. */
interface Rascal {
  withTestConfig(config: object): object;
  BrokerAsPromised: {
    create(config: object): Promise<{
      on(event: 'error', listener: () => void): void;
      publish(publication: string, content: object): Promise<unknown>;
      subscribe(name: string): Promise<{
        on(
          event: 'message',
          handle: (message: object, content: object, acknowledge: () => void) => void,
        ): void;
      }>;
      nuke(): Promise<void>;
    }>;
  };
}

describe.runIf(hasRabbitMq)('amqplib', () => {
  test('a connection that drops: the host sees what it would see without us, and the open span says so', async () => {
    const seen = async (traced: boolean): Promise<string[]> => {
      const events: string[] = [];
      const connection = await amqplib.connect('amqp://guest:guest@127.0.0.1:5672');
      connection.on('error', (error: Error) => events.push(`connection ${error.name}`));
      connection.on('close', () => events.push('connection closed'));
      const plain = await connection.createChannel();
      plain.on('error', (error: Error) => events.push(`channel ${error.name}`));
      plain.on('close', () => events.push('channel closed'));
      const channel = traced ? traceChannel(plain) : plain;
      const { queue } = await channel.assertQueue('', { exclusive: true });
      const delivered = new Promise<void>((resolve) => {
        void channel.consume(queue, () => resolve());
      });
      channel.sendToQueue(queue, Buffer.from('x'));
      await delivered;
      // Destroying the socket imitates a broker or a network that drops the connection.
      (connection as unknown as { connection: { stream: Socket } }).connection.stream.destroy(
        new Error('cut'),
      );
      await until(() => events.includes('connection closed'));
      await new Promise((resolve) => setImmediate(resolve));
      return events;
    };
    const without = await seen(false);
    expect(await seen(true)).toEqual(without);
  });

  test('a handler that passes headers on sends a message of its own', async () => {
    const connection = await amqplib.connect('amqp://guest:guest@127.0.0.1:5672');
    const channel = traceChannel(await connection.createChannel());
    const [orders, stock] = [unique(), unique()];
    for (const queue of [orders, stock]) await channel.assertQueue(queue, { exclusive: true });
    const seen: amqplib.MessageProperties[] = [];
    await channel.consume(stock, (message) => seen.push(message!.properties), { noAck: true });
    let placed: amqplib.MessageProperties | undefined;
    await channel.consume(
      orders,
      (message) => {
        placed = message!.properties;
        const { headers } = placed;
        channel.sendToQueue(stock, Buffer.from('x'), { type: 'ReserveStock', headers });
      },
      { noAck: true },
    );
    withFlow({ id: 'fwd' }, () =>
      channel.sendToQueue(orders, Buffer.from('x'), {
        type: 'PlaceOrder',
        headers: { tenant: 't1' },
      }),
    );
    await until(() => seen.length === 1);
    const { messageId, headers } = seen[0]!;
    expect(headers).toMatchObject({
      tenant: 't1',
      'fermata-message-type': 'ReserveStock',
      'fermata-message-id': messageId,
      'fermata-causation-id': placed!.messageId,
    });
    expect(messageId).not.toBe(placed!.messageId);
    // The `type` property also overrides the type in reused headers when no handler is running.
    channel.sendToQueue(stock, Buffer.from('x'), { type: 'Remind', headers: placed!.headers });
    await until(() => seen.length === 2);
    expect(seen[1]!.headers).toMatchObject({ 'fermata-message-type': 'Remind' });
    await connection.close();
  });

  test('what is settled at once ends the span of each message', async () => {
    const connection = await amqplib.connect('amqp://guest:guest@127.0.0.1:5672');
    const channel = traceChannel(await connection.createChannel());
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const batch: amqplib.ConsumeMessage[] = [];
    await channel.consume(queue, (message) => batch.push(message!));
    const settledBy = async (settle: () => void): Promise<SpanStatusCode[]> => {
      batch.length = 0;
      exporter.reset();
      for (let i = 0; i < 3; i++) channel.sendToQueue(queue, Buffer.from('x'));
      await until(() => batch.length === 3);
      settle();
      return spansOf('process').map((span) => span.status.code);
    };
    const { UNSET, ERROR } = SpanStatusCode;
    expect(await settledBy(() => channel.ackAll())).toEqual([UNSET, UNSET, UNSET]);
    expect(await settledBy(() => channel.nackAll(false))).toEqual([ERROR, ERROR, ERROR]);
    expect(
      await settledBy(() => {
        channel.ack(batch[1]!, true);
        expect(spansOf('process')).toHaveLength(2);
        channel.ack(batch[2]!);
      }),
    ).toEqual([UNSET, UNSET, UNSET]);
    await connection.close();
  });

  test('what a handler throws after it refused its message is the error', async () => {
    const connection = await amqplib.connect('amqp://guest:guest@127.0.0.1:5672');
    const channel = traceChannel(await connection.createChannel());
    const handledBy = async (
      handle: (message: amqplib.ConsumeMessage) => unknown,
    ): Promise<unknown[]> => {
      exporter.reset();
      const { queue } = await channel.assertQueue('', { exclusive: true });
      const { consumerTag } = await channel.consume(queue, (message) => handle(message!));
      channel.sendToQueue(queue, Buffer.from('x'));
      await until(() => spansOf('process').length === 1);
      await channel.cancel(consumerTag);
      return spansOf('process').map(({ status, attributes, events }) => [
        status.message,
        attributes['error.type'],
        events.length,
      ]);
    };
    /**
     * Returns the promise of `work` after adding a rejection handler to it, as a framework does.
     */
    const caught = (work: () => Promise<void>): Promise<void> => {
      const promise = work();
      promise.catch(() => undefined);
      return promise;
    };
    const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    expect(
      await handledBy((message) =>
        caught(async () => {
          channel.nack(message, false, false);
          await soon();
          throw new RangeError('no stock');
        }),
      ),
    ).toEqual([['no stock', 'RangeError', 1]]);
    let endedAtRefusal: number | undefined;
    expect(
      await handledBy((message) =>
        caught(async () => {
          channel.nack(message, false, false);
          endedAtRefusal = spansOf('process').length;
          await soon();
        }),
      ),
    ).toEqual([['nacked', 'rejected', 0]]);
    expect(endedAtRefusal).toBe(0);
    expect(
      await handledBy((message) => {
        setImmediate(() => channel.reject(message, false));
      }),
    ).toEqual([['nacked', 'rejected', 0]]);
    await connection.close();
  });

  test('a message that waited in a queue did not fail there; one that was rejected did', async () => {
    const connection = await amqplib.connect('amqp://guest:guest@127.0.0.1:5672');
    const channel = traceChannel(await connection.createChannel());
    const [work, wait, dead] = [unique(), unique(), unique()];
    const into = (deadLetterRoutingKey: string) => ({
      exclusive: true,
      deadLetterExchange: '',
      deadLetterRoutingKey,
    });
    await channel.assertQueue(wait, { ...into(work), messageTtl: 1 });
    await channel.assertQueue(work, into(dead));
    await channel.assertQueue(dead, { exclusive: true });
    await channel.consume(work, (message) => channel.reject(message!, false));
    await channel.consume(dead, (message) => channel.ack(message!));
    channel.sendToQueue(wait, Buffer.from('x'), { type: 'RemindCustomer' });
    await until(() => spansOf('process').length === 2);
    expect(
      spansOf('process').map(({ attributes }) => [
        attributes['messaging.destination.name'],
        attributes['fermata.message.dead_lettered_from'],
      ]),
    ).toEqual([
      [work, undefined],
      [dead, work],
    ]);
    await connection.close();
  });

  test('a channel that is used before it is open is traced, and so are those of a connection that recovers', async () => {
    const require = createRequire(import.meta.url);
    // The modules are copied, because another test has already wrapped the originals, and a wrapped
    // module is not wrapped again.
    const callbacks = { ...(require('amqplib/callback_api') as typeof CallbackApi) };
    instrumentAmqplibCallbacks(callbacks);
    const promises = { ...amqplib };
    instrumentAmqplib(promises);
    const url = 'amqp://guest:guest@127.0.0.1:5672';
    const own = { exclusive: true };
    const opened = new Promise<CallbackApi.Connection>((resolve) =>
      callbacks.connect(url, (_error: unknown, connection) => {
        const queue = unique();
        const channel = connection.createChannel(() => resolve(connection));
        channel.assertQueue(queue, own, () => {
          channel.consume(queue, () => undefined, { noAck: true });
          withFlow({ id: 'returned' }, () => channel.sendToQueue(queue, Buffer.from('x')));
        });
      }),
    );
    const handle = async (channel: amqplib.Channel, flow: string): Promise<void> => {
      const { queue } = await channel.assertQueue('', own);
      await channel.consume(queue, () => undefined, { noAck: true });
      withFlow({ id: flow }, () => channel.sendToQueue(queue, Buffer.from('x')));
    };
    const setup = async (connection: amqplib.ChannelModel): Promise<void> =>
      handle(await connection.createChannel(), 'set up');
    const recovering = await promises.connect(url, { recovery: { setup } });
    await handle(await recovering.createChannel(), 'recovering');
    await until(() => spansOf('process').length === 3);
    expect(joined().map((pair) => pair.map(flowIdOf).join(' → '))).toEqual(
      expect.arrayContaining(['returned → returned', 'set up → set up', 'recovering → recovering']),
    );
    await recovering.close();
    const connection = await opened;
    await new Promise((resolve) => connection.close(resolve));
  });

  test('rascal, over the callbacks: published, handled and acknowledged in the flow', async () => {
    const require = createRequire(import.meta.url);
    instrumentAmqplibCallbacks(require('amqplib/callback_api') as never);
    const rascal = require('rascal') as Rascal;
    const queue = unique();
    const broker = await rascal.BrokerAsPromised.create(
      rascal.withTestConfig({
        vhosts: {
          '/': {
            connection: { url: 'amqp://guest:guest@127.0.0.1:5672' },
            exchanges: ['orders'],
            queues: { [queue]: {} },
            bindings: [`orders[placed] -> ${queue}`],
            publications: { placed: { exchange: 'orders', routingKey: 'placed' } },
            subscriptions: { handle: { queue } },
          },
        },
      }),
    );
    broker.on('error', () => undefined);
    const seen: (string | undefined)[] = [];
    const subscription = await broker.subscribe('handle');
    subscription.on('message', (_message, _content, acknowledge) => {
      seen.push(currentFlow()?.id);
      acknowledge();
    });
    await withFlow({ id: 'rascal' }, () => broker.publish('placed', { id: 42 }));
    await until(() => spansOf('process').length === 1);
    expect(seen).toEqual(['rascal']);
    const [[sent, handled]] = joined() as [[ReadableSpan, ReadableSpan]];
    expect([flowIdOf(sent), flowIdOf(handled), handled.status.code]).toEqual([
      'rascal',
      'rascal',
      SpanStatusCode.UNSET,
    ]);
    await broker.nuke();
  });
});

test('what connects to something else than expected sees what it would see without us', () => {
  for (const connection of [undefined, Object.freeze({ createChannel: () => 'channel' })]) {
    const module = {
      connect: (_url: string, done: (error: null, connection: unknown) => void) =>
        done(null, connection),
    };
    instrumentAmqplibCallbacks(module);
    const seen: unknown[] = [];
    module.connect('amqp://nowhere', (_error, got) => seen.push(got));
    expect(seen).toEqual([connection]);
  }
});
