import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';

/**
 * Combines OpenTelemetry's own instrumentation of the clients with ours: neither makes a span
 * twice.
 */
const instrumentations = [
  new AmqplibInstrumentation(),
  new KafkaJsInstrumentation(),
  new IORedisInstrumentation(),
];
void instrumentations;
await import('@fermata/instrumentation/register');
