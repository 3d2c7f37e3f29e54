import { spawn, type ChildProcess } from 'node:child_process';
import { SpanStatusCode } from '@opentelemetry/api';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { kafkaAddress, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { inBatchMessage, instrumentKafkaJs, traceConsumer, traceProducer } from './kafkajs.ts';

const { spansOf, joined } = recordTelemetry();
const real = await kafkaAddress();
/**
 * Address of a real Kafka, else of kcat's mock cluster, which supports enough of the protocol for
 * kafkajs.
 */
const kafka = real === undefined ? await mockKafka() : { address: real, stop: () => undefined };
afterAll(() => kafka?.stop());

async function mockKafka(): Promise<{ address: string; stop(): void } | null> {
  let child: ChildProcess;
  const address = await new Promise<string | null>((resolve) => {
    child = spawn(
      'kcat',
      ['-P', '-t', 'x', '-b', 'ignored', '-X', 'test.mock.num.brokers=1', '-d', 'mock'],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    child.once('error', () => resolve(null));
    child.stderr!.on('data', (chunk: Buffer) => {
      const match = /127\.0\.0\.1:\d+/.exec(chunk.toString());
      if (match) resolve(match[0]);
    });
  });
  if (address === null) {
    process.stdout.write(
      '\n  SKIPPED: kafkajs; nothing answers on 9092, and there is no kcat for a mock\n\n',
    );
    return null;
  }
  return { address, stop: () => child.kill() };
}

describe.runIf(kafka)('kafkajs', () => {
  const client = (): Kafka =>
    new Kafka({
      brokers: [kafka!.address],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50 },
    });
  test('a batch of 200 messages of 200 flows stays 200 flows, and each handler is in its own', async () => {
    const topic = unique();
    const group = unique();
    const producer = traceProducer(client().producer({ allowAutoTopicCreation: true }));
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'first' }] });
    const consumer = traceConsumer(
      client().consumer({ groupId: group, minBytes: 1, maxWaitTimeInMs: 500 }),
      group,
    );
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const flows: (string | undefined)[] = [];
    await consumer.run({
      eachBatch: async (payload) => {
        for (const message of payload.batch.messages) {
          inBatchMessage(message, () => flows.push(currentFlow()?.id));
          payload.resolveOffset(message.offset);
        }
        await Promise.resolve();
      },
    });
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        withFlow({ id: `flow-${i}` }, () =>
          producer.send({ topic, messages: [{ value: String(i) }] }),
        ),
      ),
    );
    await until(() => flows.length === 201 && spansOf('process').length === 201);
    const own = flows.filter((flow) => flow !== undefined);
    expect(new Set(own).size).toBe(200);
    for (const [sent, handled] of joined()) expect(flowIdOf(handled)).toBe(flowIdOf(sent));
    const last = spansOf('process').find((span) => flowIdOf(span) === 'flow-199')!;
    expect(last.attributes).toMatchObject({
      'messaging.consumer.group.name': group,
      'messaging.destination.partition.id': expect.any(String),
    });
    await consumer.disconnect();
    await producer.disconnect();
  }, 60_000);

  test('zero-code: clients made after instrumenting are traced, once; a throwing handler fails its span only', async () => {
    instrumentKafkaJs({ Kafka });
    instrumentKafkaJs({ Kafka });
    const topic = unique();
    const producer = client().producer({ allowAutoTopicCreation: true });
    await producer.connect();
    await withFlow({ id: 'zero' }, () =>
      producer.sendBatch({
        topicMessages: [{ topic, messages: [{ value: 'a' }, { value: 'b' }] }],
      }),
    );
    expect(spansOf('send')).toHaveLength(2);
    const consumer = client().consumer({
      groupId: unique(),
      retry: { retries: 3, initialRetryTime: 20 },
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let failures = 1;
    const seen: string[] = [];
    await consumer.run({
      eachMessage: ({ message }) => {
        const value = message.value!.toString();
        if (value === 'a' && failures-- > 0) return Promise.reject(new Error('not yet'));
        seen.push(`${value} ${currentFlow()?.id}`);
        return Promise.resolve();
      },
    });
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['a zero', 'b zero']);
    expect(
      spansOf('process').filter((span) => span.status.code === SpanStatusCode.ERROR),
    ).toHaveLength(1);
    await consumer.disconnect();
    await producer.disconnect();
  }, 60_000);
});

test('what cannot be sent is refused as without us', async () => {
  const producer = (): Producer =>
    new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).producer();
  const refusal = (one: Producer, record: object): Promise<unknown> =>
    one.send(record as never).catch((error: unknown) => error);
  for (const record of [{ topic: 't' }, { topic: 't', messages: [undefined] }, { messages: [{}] }])
    expect(await refusal(traceProducer(producer()), record)).toEqual(
      await refusal(producer(), record),
    );
});
