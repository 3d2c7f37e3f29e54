import { tracingChannel } from 'node:diagnostics_channel';
import { diag } from '@opentelemetry/api';
import {
  endFailed,
  type Extracted,
  handleMessage,
  isPropagationHeader,
  preciseNow,
  type Sending,
  startSending,
} from '../adapter-kit.ts';

/**
 * This adapter traces @platformatic/kafka 1 through the client's own diagnostics channels, without
 * patching the client. The client's consumers are streams, whose reader chooses when to handle a
 * message, so `handleKafka` runs a handler for one message.
 */
interface Outgoing {
  topic: string;
  headers?: Map<unknown, unknown> | Record<string, unknown>;
}
interface SendContext {
  operation: string;
  client?: object;
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

/** Instruments the producers of this process, once, without changes to the application. */
export function instrumentPlatformaticKafka(): void {
  if (listening) return;
  listening = true;
  const finish = (context: object, failed: unknown): void => {
    for (const { span } of sending.get(context) ?? [])
      if (failed === undefined) span.end(preciseNow());
      else endFailed(span, failed);
    sending.delete(context);
  };
  const start = (context: SendContext): void => {
    const started: Sending[] = [];
    sending.set(context, started);
    const spell = context.client === undefined ? null : spellingOf(context.client);
    for (const message of context.options?.messages ?? []) {
      const one = startSending('event', {
        type: message.topic,
        destination: message.topic,
        system: 'kafka',
        headers: toObject(message.headers),
      });
      started.push(one);
      const headers = withHeaders(message.headers, one.headers, spell);
      if (headers !== null) message.headers = headers;
    }
  };
  tracingChannel<SendContext, SendContext>('plt:kafka:producer:sends').subscribe({
    start(context) {
      // An error thrown by a subscriber would become an uncaught exception of the host.
      try {
        start(context);
      } catch (error) {
        diag.warn('fermata: a message could not be given its context', error);
      }
    },
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: (context) => finish(context, context.error),
    error: (context) => finish(context, context.error),
  });
}

/**
 * Runs a handler for one message of a consumer's stream, in a span and a context of the message and
 * in the flow that its headers name.
 */
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
const text = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('utf8') : String(value);

type Spell = (text: string) => unknown;
type Serializer = (data: unknown) => unknown;

/**
 * Returns how to write names and values of headers for the producer's serializers: as texts or as
 * buffers. Without serializers only buffers work. Returns null if that is not known. A message
 * without headers then gets none, because headers of the wrong type would make the host's send
 * fail.
 */
function spellingOf(client: object): { key: Spell; value: Spell } | null {
  const symbol = Object.getOwnPropertySymbols(client).find(
    ({ description }) => description === 'plt.kafka.base.options',
  );
  const options = symbol && (client as Record<symbol, unknown>)[symbol];
  if (typeof options !== 'object' || options === null || 'registry' in options) return null;
  const { headerKey, headerValue } =
    (options as { serializers?: { headerKey?: Serializer; headerValue?: Serializer } })
      .serializers ?? {};
  const [key, value] = [spellFor(headerKey), spellFor(headerValue)];
  return key !== null && value !== null ? { key, value } : null;
}

function spellFor(serializer: Serializer | undefined): Spell | null {
  const asText: Spell = (value) => value;
  const asBuffer: Spell = (value) => Buffer.from(value);
  if (serializer === undefined) return asBuffer;
  const takes = (spell: Spell): boolean => {
    try {
      return Buffer.isBuffer(serializer(spell('x')));
    } catch {
      return false;
    }
  };
  return takes(asText) ? asText : takes(asBuffer) ? asBuffer : null;
}

/**
 * Returns the caller's headers and ours. Our headers replace those that an earlier send of the same
 * message added.
 */
function withHeaders(
  given: Outgoing['headers'],
  headers: Record<string, unknown>,
  spell: { key: Spell; value: Spell } | null,
): Map<unknown, unknown> | null {
  if (spell === null) return null;
  const merged = new Map<unknown, unknown>(
    given instanceof Map ? given : Object.entries(given ?? {}),
  );
  for (const key of [...merged.keys()]) if (isPropagationHeader(text(key))) merged.delete(key);
  for (const [name, value] of Object.entries(headers))
    if (isPropagationHeader(name) && typeof value === 'string')
      merged.set(spell.key(name), spell.value(value));
  return merged;
}
