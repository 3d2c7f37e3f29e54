import { instrumentKafkaJs } from './kafkajs.ts';

/**
 * This adapter traces @confluentinc/kafka-javascript 1 through its `KafkaJS` interface, which has
 * the methods of kafkajs. Its other interface, modelled on node-rdkafka, is not traced.
 */
export const instrumentConfluentKafka = (module: {
  KafkaJS: Parameters<typeof instrumentKafkaJs>[0];
}): void => instrumentKafkaJs(module.KafkaJS);
