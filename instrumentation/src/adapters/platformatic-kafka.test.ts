import { SpanStatusCode } from '@opentelemetry/api';
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { kafkaAddress, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry } from '../testing/telemetry.ts';
import { handleKafka, instrumentPlatformaticKafka } from './platformatic-kafka.ts';

const { spansOf, joined } = recordTelemetry();
/** A real Kafka, if there is one. kcat's mock cluster lacks requests that this client makes. */
const realKafka = await kafkaAddress();

describe('@platformatic/kafka', () => {
  // Options of a producer whose sends fail, because nothing listens at this address.
  const nowhere = {
    clientId: 'test',
    bootstrapBrokers: ['127.0.0.1:1'],
    retries: 0,
    connectTimeout: 500,
  };
  const failure = (send: Promise<unknown>): Promise<string> =>
    send.then(
      () => 'sent',
      (error: Error) => error.message,
    );
  test('headers in the form that the producer’s serializers take; the host gets its own error', async () => {
    const plain = new Producer(nowhere);
    const without = await failure(
      plain.send({ messages: [{ topic: 't', value: Buffer.from('x') }] }),
    );
    instrumentPlatformaticKafka();
    const message: { topic: string; value: Buffer; headers?: Map<Buffer, Buffer> } = {
      topic: 't',
      value: Buffer.from('x'),
    };
    expect(await withFlow({ id: 'p' }, () => failure(plain.send({ messages: [message] })))).toBe(
      without,
    );
    for (const [name, value] of message.headers!)
      expect([Buffer.isBuffer(name), Buffer.isBuffer(value)]).toEqual([true, true]);
    const texts: {
      topic: string;
      value: string;
      headers: Record<string, string> | Map<string, string>;
    } = {
      topic: 't',
      value: 'x',
      headers: { own: '1' },
    };
    const typed = new Producer({ ...nowhere, serializers: stringSerializers });
    await withFlow({ id: 'p' }, () => failure(typed.send({ messages: [texts as never] })));
    expect([...(texts.headers as Map<string, string>).keys()]).toEqual(
      expect.arrayContaining(['own', 'traceparent']),
    );
    const [first] = spansOf('send').slice(-1);
    expect([flowIdOf(first!), first!.status.code]).toEqual(['p', SpanStatusCode.ERROR]);
    // Sending the same object again writes the new span into its headers but keeps the message id.
    await withFlow({ id: 'p' }, () => failure(typed.send({ messages: [texts as never] })));
    const [second] = spansOf('send').slice(-1);
    const headers = texts.headers as Map<string, string>;
    expect(headers.get('traceparent')).toContain(second!.spanContext().spanId);
    expect(second!.attributes['messaging.message.id']).toBe(
      first!.attributes['messaging.message.id'],
    );
    handleKafka({ topic: 't', partition: 0, offset: 7n, headers }, () =>
      expect(currentFlow()?.id).toBe('p'),
    );
    expect(joined().at(-1)!.map(flowIdOf)).toEqual(['p', 'p']);
    const odd = { topic: 't', value: 'x' };
    const strange = new Producer({
      ...nowhere,
      serializers: { ...stringSerializers, headerKey: () => undefined },
    });
    await failure(strange.send({ messages: [odd] }));
    expect(odd).not.toHaveProperty('headers');
    await failure(
      plain.send({ messages: [Object.freeze({ topic: 't', value: Buffer.from('x') })] }),
    );
    await Promise.all([plain.close(), typed.close(), strange.close()]);
  });
});

describe.runIf(realKafka)('@platformatic/kafka with a broker', () => {
  test('the handler of a message is in the flow of its sender', async () => {
    instrumentPlatformaticKafka({ Consumer });
    const topic = unique();
    const common = { clientId: 'test', bootstrapBrokers: [realKafka!] };
    const admin = new Admin(common);
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
    const producer = new Producer({ ...common, serializers: stringSerializers });
    const consumer = new Consumer({
      ...common,
      groupId: unique(),
      deserializers: stringDeserializers,
    });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true });
    await withFlow({ id: 'p' }, () => producer.send({ messages: [{ topic, value: 'x' }] }));
    for await (const message of stream) {
      expect(currentFlow()?.id).toBe('p');
      handleKafka(message, () => expect(currentFlow()?.id).toBe('p'));
      break;
    }
    expect(joined().map((pair) => pair.map(flowIdOf))).toEqual([['p', 'p']]);
    await stream.close();
    await consumer.close();
    await Promise.all([producer.close(), admin.close()]);
  }, 60_000);
});
