import { instrumentAmqplib, instrumentAmqplibCallbacks } from './amqplib.ts';
import { instrumentKafkaJs } from './kafkajs.ts';
import { instrumentMqtt } from './mqtt.ts';
import { instrumentNats } from './nats.ts';
import { instrumentPlatformaticKafka } from './platformatic-kafka.ts';
import { instrumentIoRedis, instrumentNodeRedis } from './redis-streams.ts';

/**
 * Lists the clients that are traced without code, where the app's own node_modules have them. The
 * parameter of each adapter says what it needs of its client's module.
 */
export const CLIENTS: Readonly<Record<string, (module: never) => void>> = {
  amqplib: instrumentAmqplib,
  'amqplib/callback_api': instrumentAmqplibCallbacks,
  kafkajs: instrumentKafkaJs,
  '@platformatic/kafka': instrumentPlatformaticKafka,
  '@nats-io/transport-node': instrumentNats,
  ioredis: instrumentIoRedis,
  redis: instrumentNodeRedis,
  mqtt: instrumentMqtt,
};
