import type {
  Msg,
  MsgHdrs,
  NatsConnection,
  PublishOptions,
  RequestOptions,
  SubscriptionOptions,
} from '@nats-io/transport-node';
import { context } from '@opentelemetry/api';
import {
  handleOnBehalfOf,
  markTraced,
  messageIdOf,
  publishEvent,
  sendCommand,
  type Extracted,
  type OutgoingMessage,
} from '../adapter-kit.ts';

/**
 * Wraps a connection's publish, request and subscriptions with a callback, of NATS core and
 * JetStream (@nats-io/* 3). Publishing to JetStream is a request of the connection, so it is
 * covered. Iterators cannot be given a context from outside (the reader's own context continues):
 * `handleNats` runs a handler for one message of either.
 */
export interface NatsOptions {
  /** Makes headers: `headers` of the client package, because this package bundles no client. */
  headers: () => MsgHdrs;
  stepOf?: (subject: string) => string | undefined;
}

type Payload = Parameters<NatsConnection['publish']>[1];
type Methods = { [M in 'publish' | 'request' | 'subscribe']: NatsConnection[M] };
/** Recognizes the client's own subjects, which are not traced. */
const isInternal = (subject: string): boolean =>
  subject.startsWith('$') || subject.startsWith('_INBOX.');

export function traceNats<C extends NatsConnection>(connection: C, options: NatsOptions): C {
  if (!markTraced(connection)) return connection;
  traceSending(connection, options.headers);
  traceSubscribing(connection, options);
  return connection;
}

function traceSending(connection: NatsConnection, makeHeaders: NatsOptions['headers']): void {
  // The originals stay unbound, because each call has its own `this`: a connection or the
  // prototype.
  const { publish, request } = connection as Methods;
  /** True inside a request, which calls publish for the same message: it must not count twice. */
  let requesting = false;
  connection.publish = function (
    this: NatsConnection,
    subject,
    data?: Payload,
    given?: PublishOptions,
  ) {
    if (requesting || isInternal(subject)) return publish.call(this, subject, data, given);
    publishEvent(outgoing(subject, given), (headers) =>
      publish.call(this, subject, data, carrying(given, headers, makeHeaders())),
    );
  };
  connection.request = function (
    this: NatsConnection,
    subject,
    data?: Payload,
    given?: RequestOptions,
  ) {
    if (isInternal(subject)) return request.call(this, subject, data, given);
    return sendCommand(outgoing(subject, given), (headers) => {
      requesting = true;
      try {
        const usual = given ?? { timeout: 1000 };
        return request.call(this, subject, data, carrying(usual, headers, makeHeaders()));
      } finally {
        requesting = false;
      }
    });
  };
}

function outgoing(subject: string, given: { headers?: MsgHdrs } | undefined): OutgoingMessage {
  const id = given?.headers?.get('Nats-Msg-Id');
  const headers = headersIn(given?.headers);
  // Headers passed on from the message being handled include its id, which is not the new one's.
  const isOwn = id && id !== messageIdOf(context.active());
  return { type: subject, destination: subject, system: 'nats', headers, ...(isOwn && { id }) };
}

/** Fills a copy of the headers, because the caller may send its own again, in another flow. */
function carrying<O extends { headers?: MsgHdrs }>(
  given: O | undefined,
  headers: Record<string, unknown>,
  copy: MsgHdrs,
): O {
  for (const [name, values] of given?.headers ?? [])
    if (name in headers) for (const value of values) copy.append(name, value);
  for (const [name, value] of Object.entries(headers))
    if (copy.get(name) !== value) copy.set(name, String(value));
  return { ...given, headers: copy } as O;
}

function traceSubscribing(connection: NatsConnection, options: NatsOptions): void {
  const { subscribe } = connection as Methods;
  connection.subscribe = function (this: NatsConnection, subject, given?: SubscriptionOptions) {
    const callback = given?.callback;
    // JetStream delivers to an inbox of the client: `handleNats` handles those messages one by one.
    if (given === undefined || callback === undefined || isInternal(subject))
      return subscribe.call(this, subject, given);
    return subscribe.call(this, subject, {
      ...given,
      callback: (error, msg) => {
        if (error) return callback(error, msg);
        const step = options.stepOf?.(subject);
        void handleNatsFor(callback, msg, () => callback(null, msg), {
          group: given.queue ?? '',
          ...(step !== undefined && { step }),
        });
      },
    });
  };
}

/**
 * Instruments without code: traces every connection that this module makes from now on. Idempotent.
 */
export function instrumentNats(module: {
  NatsConnectionImpl: { prototype: NatsConnection };
  headers: () => MsgHdrs;
}): void {
  traceNats(module.NatsConnectionImpl.prototype, module);
}

/** A message of NATS core or of JetStream; the latter has its consumer and delivery count. */
type AnyMessage = Pick<Msg, 'subject'> & {
  headers?: MsgHdrs | undefined;
  info?: {
    deliveryCount: number;
    consumer: string;
    stream: string;
    streamSequence: number;
    pending: number;
  };
};

function headersIn(headers: MsgHdrs | undefined): Record<string, unknown> {
  return Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, values[0]]));
}

/** Handles one message in its own span, flow and context. */
export const handleNats = <T>(
  msg: AnyMessage,
  handler: (extracted: Extracted) => T,
  options: { group?: string; step?: string } = {},
): T => handleNatsFor(handler, msg, handler, options);

function handleNatsFor<T>(
  listener: (...args: never[]) => unknown,
  msg: AnyMessage,
  handler: (extracted: Extracted) => T,
  options: { group?: string; step?: string },
): T {
  const { info } = msg;
  const headers = headersIn(msg.headers);
  const group = options.group || info?.consumer;
  return handleOnBehalfOf(
    listener,
    {
      system: 'nats',
      destination: msg.subject,
      headers,
      type: msg.subject,
      ...(group !== undefined && { group }),
      ...(options.step !== undefined && { step: options.step }),
      ...(info && {
        attempt: info.deliveryCount,
        lag: info.pending,
        attributes: {
          'messaging.nats.stream': info.stream,
          'messaging.nats.sequence': info.streamSequence,
        },
      }),
    },
    handler,
  );
}
