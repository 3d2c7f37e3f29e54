import { tracingChannel } from 'node:diagnostics_channel';
import { diag } from '@opentelemetry/api';
import {
  attempt,
  endFailed,
  type Extracted,
  handleMessage,
  handleOnBehalfOf,
  type IncomingMessage,
  isPropagationHeader,
  markTraced,
  preciseNow,
  type Sending,
  startProcessing,
  startSending,
  traceIterable,
  wrapListeners,
} from '../adapter-kit.ts';

/**
 * This adapter traces @platformatic/kafka 1. Sends are traced through the client's own diagnostics
 * channels, consumers through the loops over their streams and listeners for `data`. If a stream is
 * read in another way, `handleKafka` runs a handler for one message.
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

/**
 * Patches @platformatic/kafka, so that the application needs no change. A second call does nothing.
 */
export function instrumentPlatformaticKafka(
  module: { Consumer?: { prototype: object } } = {},
): void {
  traceConsumers(module);
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
      // Errors are caught here, because an error in a subscriber of a diagnostics channel would
      // become an uncaught exception of the application.
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
 * Runs a handler for one message of a consumer's stream, in a span of its own and in the flow that
 * the message's headers name.
 */
export function handleKafka<T>(
  message: PlatformaticMessage,
  handler: (extracted: Extracted) => T,
  step?: string,
): T {
  return handleMessage(incoming(message, step), handler);
}

const incoming = (message: PlatformaticMessage, step?: string): IncomingMessage => ({
  system: 'kafka',
  destination: message.topic,
  group: message.metadata?.consumer?.groupId ?? '',
  headers: toObject(message.headers),
  ...(step !== undefined && { step }),
  attributes: {
    'messaging.destination.partition.id': String(message.partition),
    'messaging.kafka.offset': Number(message.offset),
  },
});

type Consume = (this: unknown, ...args: unknown[]) => Promise<unknown>;
interface Stream extends AsyncIterable<PlatformaticMessage> {
  on: unknown;
}

/** Patches the module's consumers. A second call does nothing. */
function traceConsumers(module: { Consumer?: { prototype: object } }): void {
  const prototype = module.Consumer?.prototype as { consume?: Consume } | undefined;
  const consume = prototype?.consume;
  if (prototype === undefined || consume === undefined || !markTraced(prototype)) return;
  prototype.consume = async function (...args) {
    const stream = await consume.apply(this, args);
    attempt(() => traceStream(stream as Stream));
    return stream;
  };
}

function traceStream(stream: Stream): void {
  if (!markTraced(stream)) return;
  traceIterable(stream, (message) => startProcessing(incoming(message)));
  wrapListeners(stream, (event, listener) =>
    event !== 'data'
      ? listener
      : function (this: unknown, ...args) {
          const message = args[0] as PlatformaticMessage;
          return handleOnBehalfOf(listener, incoming(message), () => listener.apply(this, args));
        },
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
 * Returns whether the producer's serializers take names and values of headers as texts or as
 * buffers. A producer without serializers takes buffers. Returns null if this cannot be determined.
 * Then no headers are added, because headers of the wrong type would make the send fail.
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
 * Returns the application's headers plus the context. Context that an earlier send of the same
 * message added is replaced.
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
