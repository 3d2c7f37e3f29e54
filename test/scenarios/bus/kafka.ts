import { createRequire } from 'node:module';
import type * as KafkaJs from 'kafkajs';
import type { Bus } from './bus.ts';
import { headersOf, slipOf } from './headers.ts';

/** Kafka with plain kafkajs: the instrumentation is what `register` adds. One topic for each of the scenario's. */
const require = createRequire(import.meta.url);

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
  return {
    async publish(kind, _type, topic, body, itinerary) {
      const value = JSON.stringify(body);
      await producer.send({
        topic: topicOf(topic),
        messages: [{ value, headers: headersOf(kind, itinerary) }],
      });
    },
    async subscribe(topic, group, handler) {
      const consumer = kafka.consumer({ groupId: `${own}.${group}.${topic}`, sessionTimeout: 10_000 });
      consumers.push(consumer);
      await consumer.connect();
      await consumer.subscribe({ topic: topicOf(topic), fromBeginning: true });
      const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
      await consumer.run({
        eachMessage: ({ message }) =>
          handler({
            body: JSON.parse(message.value!.toString()) as object,
            itinerary: slipOf(message.headers),
          }),
      });
      await joined;
    },
    async close() {
      await Promise.all([producer.disconnect(), ...consumers.map((consumer) => consumer.disconnect())]);
    },
  };
}
