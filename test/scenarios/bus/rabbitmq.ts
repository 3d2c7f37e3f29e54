import { createRequire } from 'node:module';
import type * as Amqplib from 'amqplib';
import type { Channel, ConsumeMessage } from 'amqplib';
import { headersOf, slipOf } from './headers.ts';
import type { Bus } from './bus.ts';

/**
 * Implements the scenarios' broker interface with plain amqplib; `register` adds the
 * instrumentation. The library is loaded by `require`, because OpenTelemetry's own instrumentation
 * patches only required modules.
 */
const require = createRequire(import.meta.url);

export async function connectRabbitMq(url: string, scenario: string): Promise<Bus> {
  const amqplib = require('amqplib') as typeof Amqplib;
  const connection = await amqplib.connect(url);
  const channel: Channel = await connection.createChannel();
  // The exchange contains the id of the run. Otherwise two concurrent runs would share queues, and
  // each would take half of the other's messages.
  const exchange = `fermata.${scenario}.${process.env['BUS_RUN'] ?? ''}`;
  await channel.assertExchange(exchange, 'topic', { durable: false, autoDelete: true });
  await channel.assertQueue(`${exchange}.dead`, { durable: false, expires: 600_000 });
  await channel.prefetch(50);
  return {
    publish(kind, type, topic, body, itinerary) {
      channel.publish(exchange, topic, Buffer.from(JSON.stringify(body)), {
        type,
        headers: headersOf(kind, itinerary),
      });
    },
    async subscribe(topic, group, handler) {
      const queue = `${exchange}.${group}.${topic}`;
      await channel.assertQueue(queue, {
        durable: false,
        expires: 600_000,
        deadLetterExchange: '',
        deadLetterRoutingKey: `${exchange}.dead`,
      });
      await channel.bindQueue(queue, exchange, topic);
      await channel.consume(queue, (message: ConsumeMessage | null) => {
        if (message === null) return;
        handler({
          body: JSON.parse(message.content.toString()) as object,
          itinerary: slipOf(message.properties.headers),
        }).then(
          () => channel.ack(message),
          () => channel.nack(message, false, !message.fields.redelivered),
        );
      });
    },
    async close() {
      await connection.close().catch(() => undefined);
    },
  };
}
