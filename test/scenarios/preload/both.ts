import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';

/** OpenTelemetry's own instrumentation of the clients, and then ours: neither makes a span twice. */
const instrumentations = [new AmqplibInstrumentation(), new KafkaJsInstrumentation()];
void instrumentations;
await import('@fermata/instrumentation/register');
