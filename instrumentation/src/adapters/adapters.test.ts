import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { connect as connectNats, headers as natsHeaders, type Msg } from '@nats-io/transport-node';
import amqplib from 'amqplib';
import type CallbackApi from 'amqplib/callback_api';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { Kafka, logLevel, type Producer as KafkaProducer } from 'kafkajs';
import mqtt from 'mqtt';
import { createClient, createClientPool } from 'redis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { currentFlow, FlowSpanProcessor, startFlow, withFlow } from '../index.ts';
import { instrumentAmqplib, instrumentAmqplibCallbacks, traceChannel } from './amqplib.ts';
import { createBullTelemetry } from './bullmq.ts';
import { traceEmitter } from './event-emitter.ts';
import { inBatchMessage, instrumentKafkaJs, traceConsumer, traceProducer } from './kafkajs.ts';
import { traceMqtt } from './mqtt.ts';
import { traceNats } from './nats.ts';
import { handleKafka, instrumentPlatformaticKafka } from './platformatic-kafka.ts';
import { handleStreamEntry, instrumentNodeRedis, traceRedisStreams } from './redis-streams.ts';
import { traceSocket } from './socket-io.ts';

/** What is used of rascal, which has no types. */
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

/** Each adapter against the real thing: the consumer is in the sender's flow, and links to the sender's span. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
/** Runs only where the broker answers; FERMATA_REQUIRE_BROKERS=1 requires it. */
const needs = async (name: string, port: number): Promise<boolean> => {
  const there = await answers(port);
  if (!there && process.env['FERMATA_REQUIRE_BROKERS'] === '1')
    throw new Error(`FERMATA_REQUIRE_BROKERS=1, and no ${name} on ${port}`);
  if (!there) process.stdout.write(`\n  SKIPPED: ${name}; nothing answers on ${port}\n\n`);
  return there;
};
const [hasRabbitMq, hasRedis, hasNats, hasMqtt] = await Promise.all([
  needs('RabbitMQ', 5672),
  needs('Redis', 6379),
  needs('NATS', 4222),
  needs('Mosquitto', 1883),
]);
/** At FERMATA_KAFKA, or on its port. */
const realKafka =
  process.env['FERMATA_KAFKA'] ||
  ((await needs('what only a real Kafka can do', 9092)) ? '127.0.0.1:9092' : undefined);
/** Where there is none, kcat's mock cluster speaks enough of the protocol for kafkajs. */
const kafka = realKafka === undefined ? await mockKafka() : { address: realKafka, stop: () => undefined };

async function mockKafka(): Promise<{ address: string; stop(): void } | null> {
  let child: ChildProcess;
  const address = await new Promise<string | null>((resolve) => {
    child = spawn('kcat', ['-P', '-t', 'x', '-b', 'ignored', '-X', 'test.mock.num.brokers=1', '-d', 'mock'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.once('error', () => resolve(null));
    child.stderr!.on('data', (chunk: Buffer) => {
      const match = /127\.0\.0\.1:\d+/.exec(chunk.toString());
      if (match) resolve(match[0]);
    });
  });
  if (address === null) {
    process.stdout.write(
      '\n  SKIPPED: kafkajs; nothing answers on 9092, and there is no kcat for a mock\n\n',
    );
    return null;
  }
  return { address, stop: () => child.kill() };
}

const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({
  spanProcessors: [new FlowSpanProcessor(), new SimpleSpanProcessor({ exporter })],
  logRecordProcessors: [],
  metricReaders: [],
  autoDetectResources: false,
});
beforeAll(() => sdk.start());
beforeEach(() => exporter.reset());
afterAll(async () => {
  kafka?.stop();
  await sdk.shutdown();
});
const unique = (): string => `fermata-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
const spansOf = (operation: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.attributes['messaging.operation.type'] === operation);
const until = async (holds: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 15_000; !holds();) {
    if (Date.now() > deadline) throw new Error('it did not come');
    await new Promise((resolve) => setImmediate(resolve));
  }
};
/** Who handled what: each consumer's span links to, or is the child of, its sender's. */
const joined = (): [send: ReadableSpan, process: ReadableSpan][] =>
  spansOf('process').map((handled) => {
    const creation = handled.links[0]?.context.spanId ?? handled.parentSpanContext?.spanId;
    return [spansOf('send').find((sent) => sent.spanContext().spanId === creation)!, handled];
  });
const flowOf = (span: ReadableSpan): unknown => span.attributes['fermata.flow.id'];

describe.runIf(kafka)('kafkajs', () => {
  const client = (): Kafka =>
    new Kafka({ brokers: [kafka!.address], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
  test('a batch of 200 messages of 200 flows stays 200 flows, and each handler is in its own', async () => {
    const topic = unique();
    const group = unique();
    const producer = traceProducer(client().producer({ allowAutoTopicCreation: true }));
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'first' }] });
    const consumer = traceConsumer(
      client().consumer({ groupId: group, minBytes: 1, maxWaitTimeInMs: 500 }),
      group,
    );
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const flows: (string | undefined)[] = [];
    await consumer.run({
      eachBatch: async (payload) => {
        for (const message of payload.batch.messages) {
          inBatchMessage(message, () => flows.push(currentFlow()?.id));
          payload.resolveOffset(message.offset);
        }
        await Promise.resolve();
      },
    });
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        withFlow({ id: `flow-${i}` }, () => producer.send({ topic, messages: [{ value: String(i) }] })),
      ),
    );
    await until(() => flows.length === 201 && spansOf('process').length === 201);
    const own = flows.filter((flow) => flow !== undefined);
    expect(new Set(own).size).toBe(200);
    for (const [sent, handled] of joined()) expect(flowOf(handled)).toBe(flowOf(sent));
    const last = spansOf('process').find((span) => flowOf(span) === 'flow-199')!;
    expect(last.attributes).toMatchObject({
      'messaging.consumer.group.name': group,
      'messaging.destination.partition.id': expect.any(String),
    });
    await consumer.disconnect();
    await producer.disconnect();
  }, 60_000);

  test('zero-code: clients made after instrumenting are traced, once; a throwing handler fails its span only', async () => {
    instrumentKafkaJs({ Kafka });
    instrumentKafkaJs({ Kafka });
    const topic = unique();
    const producer = client().producer({ allowAutoTopicCreation: true });
    await producer.connect();
    await withFlow({ id: 'zero' }, () =>
      producer.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'a' }, { value: 'b' }] }] }),
    );
    expect(spansOf('send')).toHaveLength(2);
    const consumer = client().consumer({ groupId: unique(), retry: { retries: 3, initialRetryTime: 20 } });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let failures = 1;
    const seen: string[] = [];
    await consumer.run({
      eachMessage: ({ message }) => {
        const value = message.value!.toString();
        if (value === 'a' && failures-- > 0) return Promise.reject(new Error('not yet'));
        seen.push(`${value} ${currentFlow()?.id}`);
        return Promise.resolve();
      },
    });
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['a zero', 'b zero']);
    expect(spansOf('process').filter((span) => span.status.code === SpanStatusCode.ERROR)).toHaveLength(1);
    await consumer.disconnect();
    await producer.disconnect();
  }, 60_000);
});

test('kafkajs: what cannot be sent is refused as without us', async () => {
  const producer = (): KafkaProducer =>
    new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).producer();
  const refusal = (one: KafkaProducer, record: object): Promise<unknown> =>
    one.send(record as never).catch((error: unknown) => error);
  for (const record of [{ topic: 't' }, { topic: 't', messages: [undefined] }, { messages: [{}] }])
    expect(await refusal(traceProducer(producer()), record)).toEqual(await refusal(producer(), record));
});

describe('@platformatic/kafka', () => {
  // Nothing answers there: sending begins, and fails.
  const nowhere = { clientId: 'test', bootstrapBrokers: ['127.0.0.1:1'], retries: 0, connectTimeout: 500 };
  const failure = (send: Promise<unknown>): Promise<string> =>
    send.then(
      () => 'sent',
      (error: Error) => error.message,
    );
  test('headers in the form that the producer’s serializers take; the host gets its own error', async () => {
    const plain = new Producer(nowhere);
    const without = await failure(plain.send({ messages: [{ topic: 't', value: Buffer.from('x') }] }));
    instrumentPlatformaticKafka();
    const message: { topic: string; value: Buffer; headers?: Map<Buffer, Buffer> } = {
      topic: 't',
      value: Buffer.from('x'),
    };
    expect(await withFlow({ id: 'p' }, () => failure(plain.send({ messages: [message] })))).toBe(without);
    for (const [name, value] of message.headers!)
      expect([Buffer.isBuffer(name), Buffer.isBuffer(value)]).toEqual([true, true]);
    const texts: { topic: string; value: string; headers: Record<string, string> | Map<string, string> } = {
      topic: 't',
      value: 'x',
      headers: { own: '1' },
    };
    const typed = new Producer({ ...nowhere, serializers: stringSerializers });
    await withFlow({ id: 'p' }, () => failure(typed.send({ messages: [texts as never] })));
    expect([...(texts.headers as Map<string, string>).keys()]).toEqual(
      expect.arrayContaining(['own', 'traceparent']),
    );
    const [first] = spansOf('send').slice(-1);
    expect([flowOf(first!), first!.status.code]).toEqual(['p', SpanStatusCode.ERROR]);
    // The same message once more: its headers say the new span, and it is the same message.
    await withFlow({ id: 'p' }, () => failure(typed.send({ messages: [texts as never] })));
    const [second] = spansOf('send').slice(-1);
    const headers = texts.headers as Map<string, string>;
    expect(headers.get('traceparent')).toContain(second!.spanContext().spanId);
    expect(second!.attributes['messaging.message.id']).toBe(first!.attributes['messaging.message.id']);
    handleKafka({ topic: 't', partition: 0, offset: 7n, headers }, () => expect(currentFlow()?.id).toBe('p'));
    expect(joined().at(-1)!.map(flowOf)).toEqual(['p', 'p']);
    const odd = { topic: 't', value: 'x' };
    const strange = new Producer({
      ...nowhere,
      serializers: { ...stringSerializers, headerKey: () => undefined },
    });
    await failure(strange.send({ messages: [odd] }));
    expect(odd).not.toHaveProperty('headers');
    await failure(plain.send({ messages: [Object.freeze({ topic: 't', value: Buffer.from('x') })] }));
    await Promise.all([plain.close(), typed.close(), strange.close()]);
  });
});

/** kcat's mock does not speak what this client asks for. */
describe.runIf(realKafka)('@platformatic/kafka with a broker', () => {
  test('the handler of a message is in the flow of its sender', async () => {
    instrumentPlatformaticKafka();
    const topic = unique();
    const common = { clientId: 'test', bootstrapBrokers: [realKafka!] };
    const admin = new Admin(common);
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
    const producer = new Producer({ ...common, serializers: stringSerializers });
    const consumer = new Consumer({ ...common, groupId: unique(), deserializers: stringDeserializers });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true });
    await withFlow({ id: 'p' }, () => producer.send({ messages: [{ topic, value: 'x' }] }));
    for await (const message of stream) {
      handleKafka(message, () => expect(currentFlow()?.id).toBe('p'));
      break;
    }
    expect(joined().at(-1)!.map(flowOf)).toEqual(['p', 'p']);
    await stream.close();
    await consumer.close();
    await Promise.all([producer.close(), admin.close()]);
  }, 60_000);
});

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
      // As a broker or a network does it: the socket is gone.
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
      channel.sendToQueue(orders, Buffer.from('x'), { type: 'PlaceOrder', headers: { tenant: 't1' } }),
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
    // Outside of any handler, too, the property says what this message is.
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
    // Modules of their own: what was wrapped once is not wrapped again.
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
    expect(joined().map((pair) => pair.map(flowOf).join(' → '))).toEqual(
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
    expect([flowOf(sent), flowOf(handled), handled.status.code]).toEqual([
      'rascal',
      'rascal',
      SpanStatusCode.UNSET,
    ]);
    await broker.nuke();
  });
});

test('amqplib: what connects to something else than expected sees what it would see without us', () => {
  for (const connection of [undefined, Object.freeze({ createChannel: () => 'channel' })]) {
    const module = {
      connect: (_url: string, done: (error: null, connection: unknown) => void) => done(null, connection),
    };
    instrumentAmqplibCallbacks(module);
    const seen: unknown[] = [];
    module.connect('amqp://nowhere', (_error, got) => seen.push(got));
    expect(seen).toEqual([connection]);
  }
});

describe.runIf(hasNats)('NATS core', () => {
  test('publish to a callback, request and its responder', async () => {
    const connection = traceNats(await connectNats({ servers: '127.0.0.1:4222' }), { headers: natsHeaders });
    const subject = unique();
    const seen: (string | undefined)[] = [];
    connection.subscribe(subject, {
      queue: 'workers',
      callback: (_error, msg) => {
        seen.push(currentFlow()?.id);
        if (msg.reply) msg.respond('yes');
      },
    });
    await connection.flush();
    withFlow({ id: 'n1' }, () => connection.publish(subject, 'x'));
    const answer = await withFlow({ id: 'n2' }, () => connection.request(subject, 'y'));
    expect(answer.string()).toBe('yes');
    await until(() => spansOf('process').length === 2);
    expect(seen).toEqual(['n1', 'n2']);
    expect(joined().map(([sent, handled]) => [flowOf(sent), flowOf(handled)])).toEqual([
      ['n1', 'n1'],
      ['n2', 'n2'],
    ]);
    expect(spansOf('send')).toHaveLength(2);
    await connection.close();
  });
});

describe.runIf(hasNats)('NATS headers', () => {
  test('are the caller’s own: sent twice they are two messages, of two flows; passed on, they are another one', async () => {
    const connection = traceNats(await connectNats({ servers: '127.0.0.1:4222' }), { headers: natsHeaders });
    const [subject, next] = [unique(), unique()];
    const seen: Record<string, string[]>[] = [];
    const keep = (msg: Msg): void => void seen.push(Object.fromEntries(msg.headers!));
    connection.subscribe(subject, {
      callback: (_error, msg) => {
        keep(msg);
        connection.publish(next, 'x', { headers: msg.headers! });
      },
    });
    connection.subscribe(next, { callback: (_error, msg) => keep(msg) });
    await connection.flush();
    const headers = natsHeaders();
    headers.append('tenant', 't1');
    headers.append('tenant', 't2');
    headers.set('Nats-Msg-Id', 'order-1');
    withFlow({ id: 'n1' }, () => connection.publish(subject, 'x', { headers }));
    await until(() => seen.length === 2);
    expect([...headers.keys()]).toEqual(['tenant', 'Nats-Msg-Id']);
    headers.set('Nats-Msg-Id', 'order-2');
    withFlow({ id: 'n2' }, () => connection.publish(subject, 'x', { headers }));
    await until(() => seen.length === 4);
    const valuesOf = (name: string): unknown[] => seen.map((record) => record[name]);
    expect(valuesOf('tenant')).toEqual(Array(4).fill(['t1', 't2']));
    expect(valuesOf('fermata-flow-id')).toEqual([['n1'], ['n1'], ['n2'], ['n2']]);
    expect(valuesOf('fermata-causation-id')).toEqual([undefined, ['order-1'], undefined, ['order-2']]);
    expect(new Set(valuesOf('fermata-message-id').flat()).size).toBe(4);
    await connection.close();
  });
});

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
      expect(flowOf(sent)).toBe('r');
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

  test('ioredis with a callback: the entry is written, with its context before the callback', async () => {
    const stream = unique();
    const client = traceRedisStreams(new Redis());
    const id = await new Promise((resolve, reject) => {
      void client.xadd(stream, '*', 'a', '1', (error, added) => (error ? reject(error) : resolve(added)));
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
      const received = { tenant: 't1', 'fermata-message-id': 'old', 'fermata-itinerary': 'here,there' };
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
      expect(others).toMatchObject({ tenant: 't1', last: 'traceparent', 'fermata-causation-id': 'old' });
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
    expect(joined().map(([sent]) => flowOf(sent))).toEqual(Array(3).fill('z'));
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
      handleStreamEntry({ stream, group: 'g', id, fields }, () => expect(currentFlow()?.id).toBe('p'));
    expect(entries.map(([, fields]) => fields[1])).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(spansOf('send')).toHaveLength(6);
    expect(joined().map(([sent]) => flowOf(sent))).toEqual(Array(6).fill('p'));
    await ioredis.del(stream);
    await Promise.all([ioredis.quit(), automatic.quit(), nodeRedis.close()]);
  });

  test('BullMQ: a job, its retry and a flow’s children are in the flow that added them', async () => {
    const name = unique();
    const connection = { host: '127.0.0.1', port: 6379 };
    const telemetry = createBullTelemetry() as never;
    const seen: string[] = [];
    const worker = new Worker(
      name,
      (job) => {
        seen.push(`${job.name} ${currentFlow()?.id}`);
        if (job.name === 'flaky' && job.attemptsMade === 0) return Promise.reject(new Error('not yet'));
        return Promise.resolve();
      },
      { connection, telemetry },
    );
    const queue = new Queue(name, { connection, telemetry });
    const flows = new FlowProducer({ connection, telemetry });
    await withFlow({ id: 'b1', type: 'bulk' }, () => queue.add('flaky', {}, { attempts: 2 }));
    await withFlow({ id: 'b2' }, () =>
      flows.add({
        name: 'parent',
        queueName: name,
        opts: {},
        children: [{ name: 'child', queueName: name, opts: {} }],
      }),
    );
    await until(() => seen.length === 4);
    expect(seen.sort()).toEqual(['child b2', 'flaky b1', 'flaky b1', 'parent b2']);
    await until(() => spansOf('process').length >= 4);
    expect(spansOf('process').filter((span) => span.status.code === SpanStatusCode.ERROR)).toHaveLength(1);
    const types = (operation: string): unknown[] =>
      spansOf(operation).map((span) => span.attributes['fermata.message.type']);
    expect(types('process').sort()).toEqual(['child', 'flaky', 'flaky', 'parent']);
    expect(types('send').sort()).toEqual(['child', 'flaky', 'parent']);
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
    await flows.close();
  }, 30_000);
});

describe.runIf(hasMqtt)('MQTT', () => {
  test.each([
    ['5: user properties', { protocolVersion: 5 as const }, {}],
    ['3.1.1: a CloudEvents envelope', { protocolVersion: 4 as const }, { envelope: true }],
  ])('%s', async (_, protocol, options) => {
    const topic = unique();
    const sender = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', protocol), options);
    const receiver = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', protocol), options);
    await receiver.subscribeAsync(topic, { qos: 1 });
    const seen = new Promise<string>((resolve) =>
      receiver.on('message', (_topic, payload) => resolve(`${payload.toString()} ${currentFlow()?.id}`)),
    );
    withFlow({ id: 'm' }, () => sender.publish(topic, 'plain text', { qos: 1 }));
    expect(await seen).toBe('plain text m');
    await until(() => spansOf('process').length === 1);
    const [[sent, handled]] = joined() as [[ReadableSpan, ReadableSpan]];
    expect([flowOf(sent), flowOf(handled)]).toEqual(['m', 'm']);
    await Promise.all([sender.endAsync(), receiver.endAsync()]);
  });
  test('a handler that passes properties on sends a message of its own', async () => {
    const topic = unique();
    const client = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 5 }));
    await client.subscribeAsync([topic, `${topic}/next`], { qos: 1 });
    const seen: Record<string, unknown>[] = [];
    client.on('message', (where, payload, { properties }) => {
      seen.push({ ...properties!.userProperties });
      if (where === topic) client.publish(`${topic}/next`, payload, { qos: 1, properties: properties! });
    });
    const userProperties = { tenant: 't1', 'fermata-itinerary': 'here,there' };
    withFlow({ id: 'fwd' }, () => client.publish(topic, 'x', { qos: 1, properties: { userProperties } }));
    await until(() => seen.length === 2);
    const [first, second] = seen;
    expect(first).toMatchObject(userProperties);
    expect(second).toMatchObject({
      tenant: 't1',
      'fermata-flow-id': 'fwd',
      'fermata-message-type': `${topic}/next`,
      'fermata-causation-id': first!['fermata-message-id'],
    });
    expect(second).not.toHaveProperty('fermata-itinerary');
    await client.endAsync();
  });
  test('a peer without the adapter gets the payload as it was sent', async () => {
    const topic = unique();
    const sender = traceMqtt(await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 4 }));
    const plain = await mqtt.connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 4 });
    await plain.subscribeAsync(topic);
    const seen = new Promise<string>((resolve) =>
      plain.on('message', (_topic, payload) => resolve(payload.toString())),
    );
    sender.publish(topic, '{"a":1}');
    expect(await seen).toBe('{"a":1}');
    await Promise.all([sender.endAsync(), plain.endAsync()]);
  });
});

describe('socket.io', () => {
  const serve = async (tracesServer: boolean) => {
    const http = createServer();
    const server = new Server(http);
    const received: unknown[][] = [];
    server.on('connection', (socket) => {
      if (tracesServer) traceSocket(socket);
      socket.on('order', (...args: unknown[]) => {
        const done = args.find((arg) => typeof arg === 'function') as ((x: string) => void) | undefined;
        received.push([currentFlow()?.id, ...args.filter((arg) => typeof arg !== 'function')]);
        done?.('taken');
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(
      io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] }),
    );
    await once(client as unknown as EventEmitter, 'connect');
    return {
      client,
      received,
      stop: async () => {
        client.close();
        await server.close();
      },
    };
  };
  test('both ends: the handler is in the flow, the arguments and the acknowledgement are its own', async () => {
    const { client, received, stop } = await serve(true);
    // The greeting comes before anything that is sent after it.
    await client.emitWithAck('order', 0);
    const answer = await withFlow({ id: 's' }, () =>
      client.timeout(5000).emitWithAck('order', { id: 1 }, 'two'),
    );
    expect(answer).toBe('taken');
    expect(received[1]).toEqual(['s', { id: 1 }, 'two']);
    const [, [sent, handled]] = joined() as [unknown, [ReadableSpan, ReadableSpan]];
    expect([flowOf(sent), flowOf(handled)]).toEqual(['s', 's']);
    await stop();
  });
  test('a listener consumes for as long as it takes, and until it is removed', async () => {
    const http = createServer();
    const server = new Server(http);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    server.on('connection', (socket) => {
      traceSocket(socket);
      const never = (): void => expect.unreachable();
      socket.on('order', never).off('order', never);
      socket.once('order', never).removeListener('order', never);
      socket.onAny(never).offAny(never);
      socket.once('order', async (done: () => void) => {
        done();
        await finished;
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    await client.emitWithAck('order');
    expect(spansOf('process')).toHaveLength(0);
    finish();
    await until(() => spansOf('process').length === 1);
    client.close();
    await server.close();
  });
  test('two listeners and one of any event are consumers of their own', async () => {
    const http = createServer();
    const server = new Server(http);
    server.on('connection', (socket) => {
      traceSocket(socket);
      socket.on('order', () => undefined);
      socket.on('order', () => undefined);
      socket.onAny(() => undefined);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    await once(client as unknown as EventEmitter, 'connect');
    client.emit('order');
    await until(() => spansOf('process').length === 3);
    expect(spansOf('process').map((span) => span.attributes['messaging.consumer.group.name'])).toEqual([
      'any',
      undefined,
      'listener-2',
    ]);
    client.close();
    await server.close();
  });
  test('a client’s listeners are removed as without us, and it greets again when it reconnects', async () => {
    const http = createServer();
    const server = new Server(http);
    const seen: (string | undefined)[] = [];
    server.on('connection', (socket) => {
      traceSocket(socket);
      socket.on('ask', (done: () => void) => {
        done();
        withFlow({ id: 'answer' }, () => socket.emit('answer'));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = traceSocket(io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
    const never = (): void => expect.unreachable();
    for (const remove of [
      () => client.off('answer'),
      () => client.off('answer', never),
      () => client.removeListener('answer', never),
    ]) {
      client.once('answer', never);
      remove();
    }
    client.on('answer', never).on('answer', never).off('answer');
    client.on('answer', never).off();
    client.on('answer', () => seen.push(currentFlow()?.id));
    const ask = async (): Promise<void> => {
      const before = seen.length;
      await client.emitWithAck('ask');
      await until(() => seen.length > before);
    };
    await ask();
    await ask();
    client.disconnect().connect();
    await ask();
    await ask();
    expect([seen[1], seen[3]]).toEqual(['answer', 'answer']);
    client.close();
    await server.close();
  });
  test('a server without the adapter sees exactly what was emitted', async () => {
    const { client, received, stop } = await serve(false);
    await withFlow({ id: 's' }, () => client.emitWithAck('order', { id: 1 }));
    expect(received).toEqual([[undefined, { id: 1 }]]);
    await stop();
  });
});

describe('EventEmitter', () => {
  test('each listener consumes; `off` finds what `on` was given; results and errors are the listener’s', () => {
    const emitter = traceEmitter(new EventEmitter(), { name: 'orders' });
    const seen: string[] = [];
    const first = (id: string): void => void seen.push(`first ${id} ${currentFlow()?.id}`);
    emitter.on('created', first);
    emitter.once('created', function second(id: string) {
      seen.push(`second ${id}`);
    });
    expect(startFlow({ id: 'e' }, () => emitter.emit('created', '1'))).toBe(true);
    expect(emitter.emit('created', '2')).toBe(true);
    expect(seen).toEqual(['first 1 e', 'second 1', 'first 2 undefined']);
    emitter.off('created', first);
    expect(emitter.emit('created', '3')).toBe(false);
    expect(joined().map(([sent, handled]) => [flowOf(sent), flowOf(handled)])).toEqual([
      ['e', 'e'],
      ['e', 'e'],
      [undefined, undefined],
    ]);
    const both = (): void => undefined;
    emitter.on('paid', both);
    emitter.on('sent', both);
    exporter.reset();
    emitter.emit('paid');
    emitter.emit('sent');
    expect(spansOf('process').map((span) => span.attributes['messaging.destination.name'])).toEqual([
      'orders.paid',
      'orders.sent',
    ]);
    expect(emitter.listeners('paid')).toEqual([both]);
    emitter.once('paid', both).off('paid', both);
    const [raw] = emitter.rawListeners('paid');
    emitter.on('again', raw as () => void);
    exporter.reset();
    emitter.emit('again');
    expect(spansOf('process')).toHaveLength(1);
    emitter.removeListener('paid', both);
    expect([emitter.listenerCount('paid'), emitter.listenerCount('sent')]).toEqual([0, 1]);
    emitter.on('bad', () => {
      throw new Error('mine');
    });
    expect(() => emitter.emit('bad')).toThrow('mine');
  });
});

test('without an active SDK span nothing is made up', () => {
  expect(trace.getActiveSpan()).toBeUndefined();
});
