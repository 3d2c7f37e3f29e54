import { createRequire } from 'node:module';
import type { NatsConnection } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { instrumentJetStream, traceJetStreamOf } from './jetstream.ts';
import { instrumentNats } from './nats.ts';

const { spansOf, joined } = recordTelemetry();
const hasNats = await isReachable('NATS', 4222);
const require = createRequire(import.meta.url);

/** The parts of a JetStream message that both versions of the client have. */
interface Message {
  ack(): void;
  nak(): void;
}
interface Consumer {
  consume(options?: {
    callback: (message: Message) => unknown;
  }): Promise<AsyncIterable<Message> & { stop(): void }>;
  fetch(options: { max_messages: number; expires: number }): Promise<AsyncIterable<Message>>;
  next(options: { expires: number }): Promise<Message | null>;
}
interface JetStream {
  publish(subject: string, data: string): Promise<unknown>;
  consumers: { get(stream: string, consumer: string): Promise<Consumer> };
}
interface Manager {
  streams: { add(config: object): Promise<unknown>; delete(name: string): Promise<unknown> };
  consumers: { add(stream: string, config: object): Promise<unknown> };
}
type Connect = (
  options: object,
) => Promise<NatsConnection & { jetstream(): JetStream; jetstreamManager(): Promise<Manager> }>;

const servers = '127.0.0.1:4222';
/** Builder for the options of a push subscription in `nats` 2. */
interface Builder {
  durable(name: string): void;
  deliverTo(inbox: string): void;
  manualAck(): void;
  callback(callback: (error: unknown, message: Message | null) => unknown): void;
}

const VERSIONS: Record<string, () => Promise<[NatsConnection, JetStream, Manager]>> = {
  'nats 2': async () => {
    const module = instrumentNats(require('nats') as never, traceJetStreamOf);
    const connection = await (module.connect as unknown as Connect)({ servers });
    return [connection, connection.jetstream(), await connection.jetstreamManager()];
  },
  '@nats-io 3': async () => {
    const transport = require('@nats-io/transport-node') as { connect: Connect };
    instrumentNats(transport as never);
    const module = instrumentJetStream(require('@nats-io/jetstream') as never) as {
      jetstream: (connection: object) => JetStream;
      jetstreamManager: (connection: object) => Promise<Manager>;
    };
    const connection = await transport.connect({ servers });
    return [connection, module.jetstream(connection), await module.jetstreamManager(connection)];
  },
};

describe.runIf(hasNats).each(Object.entries(VERSIONS))('JetStream of %s', (_version, open) => {
  /**
   * Calls `work` with the consumer of a new stream and a function that publishes to the stream in a
   * flow.
   */
  async function withStream(
    work: (consumer: Consumer, publish: (flow: string) => Promise<unknown>) => Promise<unknown>,
  ): Promise<void> {
    const [connection, client, manager] = await open();
    const name = unique();
    await manager.streams.add({ name, subjects: [name] });
    await manager.consumers.add(name, { durable_name: 'worker', ack_policy: 'explicit' });
    const consumer = await client.consumers.get(name, 'worker');
    try {
      await work(consumer, (id) => withFlow({ id }, () => client.publish(name, id)));
    } finally {
      await manager.streams.delete(name);
      await connection.close();
    }
  }
  const handled = (): unknown[] =>
    spansOf('process').map((span) => [flowIdOf(span), span.attributes['error.type']]);

  test('a loop handles each message until it is acknowledged or given back', () =>
    withStream(async (consumer, publish) => {
      const messages = await consumer.consume();
      await publish('j1');
      await publish('j2');
      const seen: unknown[] = [];
      for await (const message of messages) {
        seen.push(currentFlow()?.id);
        if (seen.length === 2) {
          message.nak();
          break;
        }
        message.ack();
      }
      expect(seen).toEqual(['j1', 'j2']);
      expect(handled()).toEqual([
        ['j1', undefined],
        ['j2', 'requeued'],
      ]);
      expect(joined().map(([sent]) => sent.attributes['fermata.message.kind'])).toEqual([
        'event',
        'event',
      ]);
    }));

  test('callbacks, fetched and single messages are handled in their flows', () =>
    withStream(async (consumer, publish) => {
      const seen: unknown[] = [];
      await publish('f1');
      await publish('f2');
      for await (const message of await consumer.fetch({ max_messages: 2, expires: 2_000 })) {
        seen.push(currentFlow()?.id);
        message.ack();
      }
      await publish('n1');
      const next = await consumer.next({ expires: 2_000 });
      seen.push(currentFlow()?.id);
      next!.ack();
      const messages = await consumer.consume({
        callback(message) {
          seen.push(currentFlow()?.id);
          message.ack();
        },
      });
      await publish('c1');
      await until(() => seen.length === 4);
      messages.stop();
      expect(seen).toEqual(['f1', 'f2', 'n1', 'c1']);
      expect(handled()).toEqual(['f1', 'f2', 'n1', 'c1'].map((id) => [id, undefined]));
    }));
});

test.runIf(hasNats)(
  'a push subscription of nats 2 handles each message until it is acknowledged, and sees errors',
  async () => {
    const nats = instrumentNats(require('nats') as never, traceJetStreamOf) as unknown as {
      connect: Connect;
      consumerOpts: () => Builder;
      createInbox: () => string;
    };
    const connection = await nats.connect({ servers });
    const manager = await connection.jetstreamManager();
    const name = unique();
    await manager.streams.add({ name, subjects: [name] });
    const client = connection.jetstream() as JetStream & {
      subscribe: (subject: string, options: Builder) => Promise<unknown>;
    };
    const options = nats.consumerOpts();
    options.durable('pushed');
    options.deliverTo(nats.createInbox());
    options.manualAck();
    const seen: unknown[] = [];
    options.callback((_error, message) => {
      seen.push(currentFlow()?.id);
      if (seen.length === 1) message!.ack();
      else message!.nak();
    });
    try {
      await client.subscribe(name, options);
      await withFlow({ id: 'p1' }, () => client.publish(name, 'x'));
      await withFlow({ id: 'p2' }, () => client.publish(name, 'y'));
      await until(() => spansOf('process').length >= 2);
      expect(seen.slice(0, 2)).toEqual(['p1', 'p2']);
      expect(
        spansOf('process')
          .slice(0, 2)
          .map((span) => [flowIdOf(span), span.attributes['error.type']]),
      ).toEqual([
        ['p1', undefined],
        ['p2', 'requeued'],
      ]);
    } finally {
      await manager.streams.delete(name);
      await connection.close();
    }
  },
);
