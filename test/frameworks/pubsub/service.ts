import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/**
 * A minimal substitute for Google Pub/Sub, with one topic and one subscription, because Google's
 * emulator needs Java and a download. A rejected message is redelivered, up to three deliveries in
 * all.
 */
interface Message {
  data: Buffer;
  attributes: Record<string, string>;
  messageId?: string;
}
interface Waiting {
  message: Message;
  deliveryAttempt: number;
}
type Stream = grpc.ServerDuplexStream<object, { receivedMessages: object[] }>;
type Answer = grpc.sendUnaryData<object>;
type Call<T> = grpc.ServerUnaryCall<T, object>;

const MAX_DELIVERIES = 3;
const waiting: Waiting[] = [];
const taken = new Map<string, Waiting>();
let stream: Stream | undefined;
let ids = 0;

function deliver(): void {
  for (const one of stream === undefined ? [] : waiting.splice(0)) {
    const ackId = `ack-${++ids}`;
    taken.set(ackId, one);
    stream!.write({ receivedMessages: [{ ackId, ...one }] });
  }
}

const methods = {
  publish({ request }: Call<{ messages: Message[] }>, answer: Answer): void {
    const messageIds = request.messages.map((message) => {
      const messageId = String(++ids);
      waiting.push({ message: { ...message, messageId }, deliveryAttempt: 1 });
      return messageId;
    });
    answer(null, { messageIds });
    deliver();
  },
  streamingPull(call: Stream): void {
    call.on('data', () => {
      stream = call;
      deliver();
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());
  },
  acknowledge({ request }: Call<{ ackIds: string[] }>, answer: Answer): void {
    for (const id of request.ackIds) taken.delete(id);
    answer(null, {});
  },
  modifyAckDeadline(
    { request }: Call<{ ackIds: string[]; ackDeadlineSeconds: number }>,
    answer: Answer,
  ): void {
    answer(null, {});
    if (request.ackDeadlineSeconds > 0) return;
    for (const id of request.ackIds) {
      const one = taken.get(id);
      taken.delete(id);
      if (one !== undefined && one.deliveryAttempt < MAX_DELIVERIES)
        waiting.push({ ...one, deliveryAttempt: one.deliveryAttempt + 1 });
    }
    deliver();
  },
};

const client = dirname(createRequire(__filename).resolve('@google-cloud/pubsub/package.json'));
const protos = JSON.parse(readFileSync(join(client, 'build/protos/protos.json'), 'utf8')) as object;
const { google } = grpc.loadPackageDefinition(fromJSON(protos as never)) as unknown as {
  google: { pubsub: { v1: Record<string, { service: grpc.ServiceDefinition }> } };
};
const server = new grpc.Server();
const { Publisher, Subscriber } = google.pubsub.v1;
for (const { service } of [Publisher!, Subscriber!])
  server.addService(
    service,
    Object.fromEntries(
      Object.entries(methods).filter(([name]) => names(service).includes(name)),
    ) as never,
  );
function names(service: grpc.ServiceDefinition): string[] {
  return Object.values(service).flatMap(({ originalName }) => originalName ?? []);
}
server.bindAsync(
  `127.0.0.1:${process.env.PORT}`,
  grpc.ServerCredentials.createInsecure(),
  () => void process.send?.('ready'),
);
