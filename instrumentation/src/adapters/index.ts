import { instrumentAmqplib, instrumentAmqplibCallbacks } from './amqplib.ts';
import { instrumentKafkaJs } from './kafkajs.ts';
import { instrumentMqtt } from './mqtt.ts';
import { instrumentNats } from './nats.ts';
import { instrumentPlatformaticKafka } from './platformatic-kafka.ts';
import { instrumentIoRedis, instrumentNodeRedis } from './redis-streams.ts';

/**
 * For each client that is traced without changes to the application, if it is in the app's own
 * node_modules: the function that instruments the client. The type of its parameter says what it
 * needs of the client's module.
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
