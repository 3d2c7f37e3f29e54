import { tracingChannel } from 'node:diagnostics_channel';
import { endFailed, handleMessage, startSending, type Sending } from '../messages.ts';
import type { Extracted } from '../message-headers.ts';

/**
 * @platformatic/kafka 1: nothing is patched; the client's own diagnostics channels say what is sent. Its consumers are
 * streams, whose reader chooses when it handles a message: `handleKafka` runs a handler for one.
 */
interface Outgoing {
  topic: string;
  headers?: Map<unknown, unknown> | Record<string, unknown>;
}
interface SendContext {
  operation: string;
  options?: { messages?: Outgoing[] };
  error?: unknown;
}
export interface PlatformaticMessage {
  topic: string;
  partition: number;
  offset: bigint;
  headers: ReadonlyMap<unknown, unknown>;
  metadata?: { consumer?: { groupId?: string } };
}

const sending = new WeakMap<object, Sending[]>();
let listening = false;

/** Zero-code for producers of this process. Idempotent. */
export function instrumentPlatformaticKafka(): void {
  if (listening) return;
  listening = true;
  const finish = (context: object, failed: unknown): void => {
    for (const { span } of sending.get(context) ?? [])
      if (failed === undefined) span.end();
      else endFailed(span, failed);
    sending.delete(context);
  };
  tracingChannel<SendContext, SendContext>('plt:kafka:producer:sends').subscribe({
    start(context) {
      const messages = context.options?.messages ?? [];
      const started = messages.map((message) => {
        const headers = toObject(message.headers);
        const one = startSending('event', {
          type: message.topic,
          destination: message.topic,
          system: 'kafka',
          headers,
        });
        message.headers = withHeaders(message.headers, one.headers);
        return one;
      });
      sending.set(context, started);
    },
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: (context) => finish(context, context.error),
    error: (context) => finish(context, context.error),
  });
}

/** Handles one message of a consumer's stream in its own span, flow and context. */
export function handleKafka<T>(
  message: PlatformaticMessage,
  handler: (extracted: Extracted) => T,
  step?: string,
): T {
  return handleMessage(
    {
      system: 'kafka',
      destination: message.topic,
      group: message.metadata?.consumer?.groupId ?? '',
      headers: toObject(message.headers),
      ...(step !== undefined && { step }),
      attributes: {
        'messaging.destination.partition.id': String(message.partition),
        'messaging.kafka.offset': Number(message.offset),
      },
    },
    handler,
  );
}

function toObject(
  headers: ReadonlyMap<unknown, unknown> | Record<string, unknown> | undefined,
): Record<string, unknown> {
  if (!(headers instanceof Map)) return { ...headers };
  return Object.fromEntries([...headers].map(([name, value]) => [text(name), value]));
}
const text = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('utf8') : String(value));

/** In the caller's kind of container and, where that holds buffers, as buffers: the serializer is the caller's. */
function withHeaders(
  given: Outgoing['headers'],
  headers: Record<string, unknown>,
): NonNullable<Outgoing['headers']> {
  if (given !== undefined && !(given instanceof Map)) return headers;
  const first = given?.keys().next().value;
  const wrap = (value: string): unknown => (Buffer.isBuffer(first) ? Buffer.from(value) : value);
  const merged = new Map<unknown, unknown>(given);
  for (const [name, value] of Object.entries(headers))
    if (![...merged.keys()].some((key) => text(key) === name)) merged.set(wrap(name), wrap(String(value)));
  return merged;
}
