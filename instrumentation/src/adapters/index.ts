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
import { instrumentServiceBus } from './service-bus.ts';
import { instrumentSocketIo } from './socket-io.ts';

type Instruments = Readonly<Record<string, (module: never) => object | void>>;

/**
 * Functions that patch broker clients, so that the application needs no change. The key is the name
 * by which the application imports the client. The parameter type of each function tells which
 * exports of the client it needs.
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
 * Functions that patch frameworks built on these clients, and clients that are large to install.
 * They are tested by `test/e2e/frameworks.test.ts`, because the tests of this package install none
 * of them. Only Confluent's client is not tested there, because it would have to be compiled.
 */
export const FRAMEWORKS: Instruments = {
  '@confluentinc/kafka-javascript': instrumentConfluentKafka,
  '@google-cloud/pubsub': instrumentPubSub,
  '@azure/service-bus': instrumentServiceBus,
  'rascal/lib/amqp/Vhost': instrumentRascal,
  '@golevelup/nestjs-rabbitmq': instrumentGolevelup,
  moleculer: instrumentMoleculer,
  '@nestjs/microservices': instrumentNest,
  '@nestjs/microservices/context/rpc-proxy': instrumentNestErrors,
};
