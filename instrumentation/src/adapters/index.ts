import { instrumentAmqplib, instrumentAmqplibCallbacks } from './amqplib.ts';
import { instrumentKafkaJs } from './kafkajs.ts';
import { instrumentMqtt } from './mqtt.ts';
import { instrumentNats } from './nats.ts';
import { instrumentPlatformaticKafka } from './platformatic-kafka.ts';
import { instrumentIoRedis, instrumentNodeRedis } from './redis-streams.ts';

/**
 * These clients are traced without code, where they are found in the app's own node_modules; what
 * an adapter needs of its client's module stands in its parameter.
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
