import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
  type MessageAttributeValue,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { flowIdOf, recordTelemetry } from '../testing/telemetry.ts';
import { instrumentAws } from './aws.ts';

const { spansOf, joined } = recordTelemetry();
instrumentAws({ SQSClient });

interface Request {
  QueueUrl: string;
  MessageBody?: string;
  MessageAttributes?: Record<string, MessageAttributeValue>;
  Entries?: Request[];
  Id?: string;
  ReceiptHandle?: string;
  MaxNumberOfMessages?: number;
  MessageAttributeNames?: string[];
}

/**
 * Messages in the fake SQS queue, which speaks as much of the JSON protocol of SQS as these tests
 * need.
 */
const waiting: Message[] = [];
let count = 0;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const take = (request: Request): object => {
  const id = `m${++count}`;
  waiting.push({
    MessageId: id,
    ReceiptHandle: `r${count}`,
    Body: request.MessageBody!,
    MD5OfBody: md5(request.MessageBody!),
    MessageAttributes: request.MessageAttributes!,
    Attributes: { ApproximateReceiveCount: '2' },
  });
  return { Id: request.Id, MessageId: id, MD5OfMessageBody: md5(request.MessageBody!) };
};
const ANSWERS: Record<string, (request: Request) => object> = {
  SendMessage: take,
  SendMessageBatch: ({ Entries }) => ({ Successful: Entries!.map(take), Failed: [] }),
  ReceiveMessage: (request) => {
    expect(request.MessageAttributeNames).toContain('All');
    return { Messages: waiting.splice(0, request.MaxNumberOfMessages) };
  },
  DeleteMessage: () => ({}),
  ChangeMessageVisibility: () => ({}),
};
let server: Server;
let client: SQSClient;
beforeAll(async () => {
  server = createServer((request, response) => {
    const name = String(request.headers['x-amz-target']).split('.')[1]!;
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(ANSWERS[name]!(JSON.parse(text) as Request)));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  client = new SQSClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
});
afterAll(() => {
  client.destroy();
  server.close();
});

const QueueUrl = 'http://sqs.local/000000000000/orders';

test('messages are handled in their flows, from the reading of their body to their deletion', async () => {
  const command = new SendMessageCommand({ QueueUrl, MessageBody: 'one' });
  await withFlow({ id: 's1' }, () => client.send(command));
  expect(command.input).toEqual({ QueueUrl, MessageBody: 'one' });
  await withFlow({ id: 's2' }, () =>
    client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: ['two', 'three'].map((MessageBody) => ({ Id: MessageBody, MessageBody })),
      }),
    ),
  );
  const { Messages } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  const seen: unknown[] = [];
  for (const message of Messages!) {
    const body = message.Body;
    await new Promise((resolve) => setImmediate(resolve));
    seen.push([body, currentFlow()?.id]);
    const { ReceiptHandle } = message;
    if (body === 'three')
      await client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
      );
    else await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  expect(seen).toEqual([
    ['one', 's1'],
    ['two', 's2'],
    ['three', 's2'],
  ]);
  expect(spansOf('process').map((span) => [flowIdOf(span), span.attributes['error.type']])).toEqual(
    [
      ['s1', undefined],
      ['s2', undefined],
      ['s2', 'requeued'],
    ],
  );
  expect(spansOf('process')[0]!.attributes).toMatchObject({
    'messaging.destination.name': 'orders',
    'fermata.step.attempt': 2,
  });
  expect(joined().every(([sent, handled]) => flowIdOf(sent) === flowIdOf(handled))).toBe(true);
  expect(spansOf('send')).toHaveLength(3);
});
