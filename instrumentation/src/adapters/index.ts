import { instrumentConnectionManager } from './amqp-connection-manager.ts';
import { instrumentAmqplib, instrumentAmqplibCallbacks } from './amqplib.ts';
import { instrumentAws } from './aws.ts';
import { instrumentBullMq } from './bullmq.ts';
import { instrumentConfluentKafka } from './confluent-kafka.ts';
import { instrumentGolevelup } from './golevelup-rabbitmq.ts';
import { instrumentJetStream, traceJetStreamOf } from './jetstream.ts';
import { instrumentKafkaJs } from './kafkajs.ts';
import { instrumentMoleculer } from './moleculer.ts';
import { instrumentMqtt } from './mqtt.ts';
import { instrumentNats } from './nats.ts';
import { instrumentNest, instrumentNestErrors } from './nest.ts';
import { instrumentPgBoss } from './pg-boss.ts';
import { instrumentPlatformaticKafka } from './platformatic-kafka.ts';
import { instrumentPubSub } from './pubsub.ts';
import { instrumentRascal } from './rascal.ts';
import { instrumentIoRedis, instrumentNodeRedis } from './redis-streams.ts';
import { instrumentSocketIo } from './socket-io.ts';

type Instruments = Readonly<Record<string, (module: never) => object | void>>;

/**
 * The functions that instrument clients without changes to the application, by the name of the
 * client's package in the app's own node_modules. The type of a function's parameter says what the
 * function needs of the client's module.
 */
export const CLIENTS: Instruments = {
  amqplib: instrumentAmqplib,
  'amqplib/callback_api': instrumentAmqplibCallbacks,
  'amqp-connection-manager': instrumentConnectionManager,
  kafkajs: instrumentKafkaJs,
  '@platformatic/kafka': instrumentPlatformaticKafka,
  nats: (module: never) => instrumentNats(module, traceJetStreamOf),
  '@nats-io/transport-node': instrumentNats,
  '@nats-io/jetstream': instrumentJetStream,
  bullmq: instrumentBullMq,
  ioredis: instrumentIoRedis,
  redis: instrumentNodeRedis,
  mqtt: instrumentMqtt,
  '@aws-sdk/client-sqs': instrumentAws,
  '@aws-sdk/client-sns': instrumentAws,
  'pg-boss': instrumentPgBoss,
  'socket.io': instrumentSocketIo,
};

/**
 * The functions that instrument frameworks over these clients, and clients that are large.
 * `test/e2e/frameworks.test.ts` runs them, because this package's own tests have none of them
 * installed. Confluent's client has to be built, which those tests do not do.
 */
export const FRAMEWORKS: Instruments = {
  '@confluentinc/kafka-javascript': instrumentConfluentKafka,
  '@google-cloud/pubsub': instrumentPubSub,
  'rascal/lib/amqp/Vhost': instrumentRascal,
  '@golevelup/nestjs-rabbitmq': instrumentGolevelup,
  moleculer: instrumentMoleculer,
  '@nestjs/microservices': instrumentNest,
  '@nestjs/microservices/context/rpc-proxy': instrumentNestErrors,
};
