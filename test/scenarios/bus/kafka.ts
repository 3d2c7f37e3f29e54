import { createRequire } from 'node:module';
import { ATTR_MESSAGE_DEAD_LETTERED_FROM } from '@fermata/instrumentation/semconv';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import type * as KafkaJs from 'kafkajs';
import { eventually } from '../../support/eventually.ts';
import { DEAD, type Bus } from './bus.ts';
import { headersOf, slipOf } from './headers.ts';

/**
 * Implements the scenarios' broker interface with plain kafkajs; `register` adds the
 * instrumentation. Each topic of the scenario is a topic of Kafka. Kafka has no dead letters, so
 * the consumer itself forwards a message that has failed a few times, as applications do. Otherwise
 * it would block its partition.
 */
const require = createRequire(import.meta.url);
const MAX_DELIVERIES = 3;
/** Header of a dead letter that names the topic in which the message failed. */
const ORIGINAL_TOPIC = 'original-topic';

export async function connectKafka(url: string, scenario: string): Promise<Bus> {
  const { Kafka, logLevel } = require('kafkajs') as typeof KafkaJs;
  const kafka = new Kafka({
    clientId: scenario,
    brokers: [url.replace('kafka://', '')],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 8 },
  });
  const producer = kafka.producer({ allowAutoTopicCreation: true });
  await producer.connect();
  const consumers: KafkaJs.Consumer[] = [];
  const own = `${scenario}.${process.env['BUS_RUN'] ?? ''}`;
  const topicOf = (topic: string): string => `${own}.${topic}`;
  /**
   * Returns whether a topic has a consumer; subscribing creates the topic. Dead letters are sent
   * only to a topic with a consumer, because the flow waits until a message is consumed.
   */
  const hasReader = async (topic: string): Promise<boolean> => {
    const admin = kafka.admin();
    await admin.connect();
    const topics = await admin.listTopics();
    await admin.disconnect();
    return topics.includes(topicOf(topic));
  };
  return {
    async publish(kind, _type, topic, body, itinerary) {
      const value = JSON.stringify(body);
      await producer.send({
        topic: topicOf(topic),
        messages: [{ value, headers: headersOf(kind, itinerary) }],
      });
    },
    async subscribe(topic, group, handler) {
      const consumer = kafka.consumer({
        groupId: `${own}.${group}.${topic}`,
        sessionTimeout: 10_000,
      });
      consumers.push(consumer);
      await consumer.connect();
      // Subscribing is repeated, because the first use of a topic creates it and fails with
      // "unknown topic" until that is done.
      await eventually(() => consumer.subscribe({ topic: topicOf(topic), fromBeginning: true }));
      const joined = new Promise<void>((resolve) =>
        consumer.on(consumer.events.GROUP_JOIN, () => resolve()),
      );
      const deliveries = new Map<string, number>();
      await consumer.run({
        eachMessage: async ({ partition, message }) => {
          const span = trace.getActiveSpan();
          const from = message.headers?.[ORIGINAL_TOPIC];
          if (from !== undefined) span?.setAttribute(ATTR_MESSAGE_DEAD_LETTERED_FROM, String(from));
          const place = `${partition} ${message.offset}`;
          const delivery = (deliveries.get(place) ?? 0) + 1;
          deliveries.set(place, delivery);
          try {
            await handler({
              body: JSON.parse(message.value!.toString()) as object,
              itinerary: slipOf(message.headers),
            });
          } catch (error) {
            if (delivery < MAX_DELIVERIES) throw error;
            span?.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
            const headers = { ...message.headers, [ORIGINAL_TOPIC]: topic };
            if (await hasReader(DEAD))
              await producer.send({
                topic: topicOf(DEAD),
                messages: [{ value: message.value, headers }],
              });
          }
          deliveries.delete(place);
        },
      });
      await joined;
    },
    async close() {
      await Promise.all([
        producer.disconnect(),
        ...consumers.map((consumer) => consumer.disconnect()),
      ]);
    },
  };
}
