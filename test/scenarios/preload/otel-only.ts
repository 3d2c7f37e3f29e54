import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { NodeSDK } from '@opentelemetry/sdk-node';

/** Starts OpenTelemetry without any part of Fermata, as most services have it at first. */
const sdk = new NodeSDK({
  instrumentations: [new AmqplibInstrumentation(), new KafkaJsInstrumentation()],
});
sdk.start();
process.once('SIGTERM', () => void sdk.shutdown().finally(() => process.exit(143)));
