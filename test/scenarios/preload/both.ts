import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';

/**
 * Uses OpenTelemetry's own instrumentation of the clients together with Fermata's. No span may be
 * made twice.
 */
const instrumentations = [
  new AmqplibInstrumentation(),
  new KafkaJsInstrumentation(),
  new IORedisInstrumentation(),
];
void instrumentations;
await import('@fermata/instrumentation/register');
