import { context, type Span } from '@opentelemetry/api';
import type {
  Consumer,
  ConsumerConfig,
  ConsumerRunConfig,
  EachBatchPayload,
  EachMessagePayload,
  Kafka,
  KafkaMessage,
  Message,
  Producer,
  ProducerBatch,
  ProducerRecord,
} from 'kafkajs';
import {
  addFlow,
  attempt,
  endFailed,
  handleMessage,
  type IncomingMessage,
  isWrapped,
  markTraced,
  type MessageKind,
  preciseNow,
  type Sending,
  startProcessing,
  startSending,
  withFlowFromHeaders,
} from '../adapter-kit.ts';

/**
 * This adapter wraps the producer's send and sendBatch and the consumer's run of kafkajs 2. Every
 * message has its own span, headers and id. `eachMessage` runs in the context of its message. In
 * `eachBatch`, each message has a span until its offset is resolved, and `inBatchMessage` runs a
 * handler in the context of one message.
 *
 * If OpenTelemetry's own kafkajs instrumentation is active, it makes the spans. This adapter then
 * only adds the flow to the headers and to `eachMessage`; handlers of batches get no flow.
 */
export interface KafkaJsOptions {
  /** Returns the message type of a message. Default: the topic. */
  typeOf?: (topic: string, message: Message) => string | undefined;
  kindOf?: (topic: string, message: Message) => MessageKind | undefined;
  stepOf?: (topic: string, message: KafkaMessage) => string | undefined;
}

const SYSTEM = 'kafka';

export function traceProducer<P extends Producer>(
  producer: P,
  options: KafkaJsOptions = {},
  foreign = isWrapped(producer, 'send'),
): P {
  if (!markTraced(producer)) return producer;
  const start = foreign
    ? (_topic: string, messages: Message[]) => withFlowOnly(messages)
    : (topic: string, messages: Message[]) => startBatch(topic, messages, options);
  const send = producer.send.bind(producer);
  const sendBatch = producer.sendBatch.bind(producer);
  // If a record is malformed, starting its spans fails and the record is passed on untraced, so
  // that the client rejects it with its own error.
  producer.send = (record: ProducerRecord) => {
    const traced = attempt(() => start(record.topic, record.messages));
    if (traced === undefined) return send(record);
    const { messages, sendings } = traced;
    return endWith(sendings, () => send({ ...record, messages }));
  };
  producer.sendBatch = (batch: ProducerBatch) => {
    const parts = attempt(() =>
      (batch.topicMessages ?? []).map(({ topic, messages }) => ({
        topic,
        ...start(topic, messages),
      })),
    );
    if (parts === undefined) return sendBatch(batch);
    const topicMessages = parts.map(({ topic, messages }) => ({ topic, messages }));
    return endWith(
      parts.flatMap((part) => part.sendings),
      () => sendBatch({ ...batch, topicMessages }),
    );
  };
  return producer;
}

/** Messages with context in their headers, and their spans, which end when sending ends. */
interface StartedBatch {
  messages: Message[];
  sendings: Sending[];
}

const withFlowOnly = (messages: Message[]): StartedBatch => ({
  messages: messages.map((message) => ({ ...message, headers: addFlow({ ...message.headers }) })),
  sendings: [],
});

function startBatch(topic: string, messages: Message[], options: KafkaJsOptions): StartedBatch {
  const sendings = messages.map((message) =>
    startSending(options.kindOf?.(topic, message) ?? 'event', {
      type: options.typeOf?.(topic, message) ?? topic,
      destination: topic,
      system: SYSTEM,
      headers: message.headers ?? {},
    }),
  );
  return {
    messages: messages.map((message, i) => ({
      ...message,
      headers: sendings[i]!.headers as NonNullable<Message['headers']>,
    })),
    sendings,
  };
}

/**
 * Sends messages by `work` and ends all their spans when sending ends. A single message is sent in
 * the context of its span.
 */
async function endWith<T>(sendings: readonly Sending[], work: () => Promise<T>): Promise<T> {
  try {
    const [only] = sendings;
    const result = await (only !== undefined && sendings.length === 1
      ? context.with(only.ctx, work)
      : work());
    for (const { span } of sendings) span.end(preciseNow());
    return result;
  } catch (error) {
    for (const { span } of sendings) endFailed(span, error);
    throw error;
  }
}

/** Contexts of messages in batches, by message. `inBatchMessage` looks them up. */
const inBatch = new WeakMap<KafkaMessage, ReturnType<typeof startProcessing>['ctx']>();

/** Runs a handler for one message of a batch in that message's context and flow. */
export function inBatchMessage<T>(message: KafkaMessage, handler: () => T): T {
  const ctx = inBatch.get(message);
  return ctx === undefined
    ? withFlowFromHeaders(message.headers as Record<string, unknown> | undefined, handler)
    : context.with(ctx, handler);
}

type Incoming = (
  topic: string,
  partition: number,
  message: KafkaMessage,
  highWatermark?: string,
) => IncomingMessage;

export function traceConsumer<C extends Consumer>(
  consumer: C,
  group: string,
  options: KafkaJsOptions = {},
  foreign = isWrapped(consumer, 'run'),
): C {
  if (!markTraced(consumer)) return consumer;
  const incoming: Incoming = (topic, partition, message, high) => {
    const step = options.stepOf?.(topic, message);
    const behind = high === undefined ? -1 : Number(BigInt(high) - BigInt(message.offset)) - 1;
    return {
      system: SYSTEM,
      destination: topic,
      group,
      headers: message.headers,
      ...(step !== undefined && { step }),
      ...(behind >= 0 && { lag: behind }),
      attributes: {
        'messaging.destination.partition.id': String(partition),
        'messaging.kafka.offset': Number(message.offset),
      },
    };
  };
  const run = consumer.run.bind(consumer);
  consumer.run = (config: ConsumerRunConfig = {}) => {
    const { eachMessage, eachBatch } = config;
    return run({
      ...config,
      ...(eachMessage && {
        eachMessage: (payload: EachMessagePayload) => {
          const { topic, partition, message } = payload;
          return foreign
            ? withFlowFromHeaders(message.headers as Record<string, unknown> | undefined, () =>
                eachMessage(payload),
              )
            : handleMessage(incoming(topic, partition, message), () => eachMessage(payload));
        },
      }),
      ...(eachBatch && {
        eachBatch: (payload: EachBatchPayload) =>
          foreign ? eachBatch(payload) : traceBatch(payload, eachBatch, incoming),
      }),
    });
  };
  return consumer;
}

async function traceBatch(
  payload: EachBatchPayload,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
  incoming: Incoming,
): Promise<void> {
  const { topic, partition, messages, highWatermark } = payload.batch;
  const open = new Map<string, Span>();
  for (const message of messages) {
    const { span, ctx } = startProcessing(incoming(topic, partition, message, highWatermark));
    inBatch.set(message, ctx);
    open.set(message.offset, span);
  }
  try {
    await eachBatch({
      ...payload,
      resolveOffset: (offset) => {
        open.get(offset)?.end(preciseNow());
        open.delete(offset);
        payload.resolveOffset(offset);
      },
    });
    for (const span of open.values()) span.end(preciseNow());
  } catch (error) {
    for (const span of open.values()) endFailed(span, error);
    throw error;
  }
}

/**
 * Returns the group id of a consumer. Confluent's client has it under the key `kafkaJS`, or as
 * `group.id`, which is librdkafka's name.
 */
function groupOf(config: ConfluentConfig | undefined): string {
  return config?.groupId ?? config?.kafkaJS?.groupId ?? config?.['group.id'] ?? '';
}
type ConfluentConfig = Partial<ConsumerConfig> & {
  kafkaJS?: Partial<ConsumerConfig>;
  'group.id'?: string;
};

/**
 * Patches the kafkajs module, so that every producer and consumer that it makes later is traced and
 * the application needs no change. A second call does nothing.
 */
export function instrumentKafkaJs(
  module: { Kafka: typeof Kafka },
  options: KafkaJsOptions = {},
): void {
  const prototype = module.Kafka.prototype;
  if (!markTraced(prototype)) return;
  const made = prototype as unknown as Record<
    'producer' | 'consumer',
    (...args: unknown[]) => unknown
  >;
  const make = { producer: made.producer, consumer: made.consumer };
  const isForeign = (method: string): boolean => isWrapped(make, method);
  prototype.producer = function (this: Kafka, ...args: unknown[]) {
    return traceProducer(
      make.producer.apply(this, args) as Producer,
      options,
      isForeign('producer'),
    );
  };
  prototype.consumer = function (this: Kafka, config?: ConsumerConfig) {
    return traceConsumer(
      make.consumer.apply(this, [config]) as Consumer,
      groupOf(config),
      options,
      isForeign('consumer'),
    );
  };
}
