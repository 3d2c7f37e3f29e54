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
 * This adapter wraps a connection's publish and request, and subscriptions with a callback, of NATS
 * core and JetStream (@nats-io/* 3). Publishing to JetStream is a request of the connection, so it
 * is traced, too. A subscription that is read as an iterator cannot be given a context from
 * outside, because the reader's own context continues. For such a reader, and for JetStream,
 * `handleNats` runs a handler for one message.
 */
export interface NatsOptions {
  /**
   * Makes empty headers. Pass `headers` of the client package, because this package bundles no
   * client.
   */
  headers: () => MsgHdrs;
  stepOf?: (subject: string) => string | undefined;
}

type Payload = Parameters<NatsConnection['publish']>[1];
type Methods = { [M in 'publish' | 'request' | 'subscribe']: NatsConnection[M] };
/** Returns whether a subject is the client's own. Messages to such subjects are not traced. */
const isInternal = (subject: string): boolean =>
  subject.startsWith('$') || subject.startsWith('_INBOX.');

export function traceNats<C extends NatsConnection>(connection: C, options: NatsOptions): C {
  if (!markTraced(connection)) return connection;
  traceSending(connection, options.headers);
  traceSubscribing(connection, options);
  return connection;
}

function traceSending(connection: NatsConnection, makeHeaders: NatsOptions['headers']): void {
  // The original methods are not bound, because `this` differs between calls: it is a connection,
  // or the prototype.
  const { publish, request } = connection as Methods;
  /**
   * True while `request` runs, because `request` calls `publish` for the same message, which must
   * not be traced twice.
   */
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
  // Headers that were passed on from the message being handled include the id of that message,
  // which is not the id of the new message.
  const isOwn = id && id !== messageIdOf(context.active());
  return { type: subject, destination: subject, system: 'nats', headers, ...(isOwn && { id }) };
}

/**
 * Returns the options with `copy` as their headers, filled with the given headers and the context.
 * The given headers are not changed, because the caller may send them again in another flow.
 */
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
    // The client's own subjects are not traced here, because JetStream delivers to such an inbox,
    // and `handleNats` traces those messages one by one.
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
 * Instruments without changes to the application: traces every connection that this module makes
 * from now on. A second call does nothing.
 */
export function instrumentNats(module: {
  NatsConnectionImpl: { prototype: NatsConnection };
  headers: () => MsgHdrs;
}): void {
  traceNats(module.NatsConnectionImpl.prototype, module);
}

/**
 * A message of NATS core or of JetStream. A message of JetStream also has its consumer and its
 * delivery count.
 */
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

/**
 * Runs a handler for one message, in a span and a context of the message and in the flow that its
 * headers name.
 */
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
