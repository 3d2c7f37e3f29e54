import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * Starts a service that knows OpenTelemetry and nothing of Fermata: what most services look like on
 * the first day.
 */
const sdk = new NodeSDK({
  instrumentations: [new AmqplibInstrumentation(), new KafkaJsInstrumentation()],
});
sdk.start();
process.once('SIGTERM', () => void sdk.shutdown().finally(() => process.exit(143)));
