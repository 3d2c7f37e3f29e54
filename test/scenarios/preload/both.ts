import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';

/** OpenTelemetry's own instrumentation of the clients, and then ours: neither makes a span twice. */
export const instrumentations = [new AmqplibInstrumentation(), new KafkaJsInstrumentation()];
await import('@fermata/instrumentation/register');
