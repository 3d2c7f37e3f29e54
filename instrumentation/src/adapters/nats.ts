import type {
  Msg,
  MsgHdrs,
  NatsConnection,
  PublishOptions,
  RequestOptions,
  SubscriptionOptions,
} from '@nats-io/transport-node';
import { context, createContextKey } from '@opentelemetry/api';
import {
  handleOnBehalfOf,
  markTraced,
  messageIdOf,
  publishEvent,
  sendCommand,
  startProcessing,
  TRACED,
  traceIterable,
  withExports,
  type Extracted,
  type IncomingMessage,
  type OutgoingMessage,
} from '../adapter-kit.ts';

/**
 * This adapter wraps the publish, request and subscribe methods of a NATS core connection (`nats` 2
 * and @nats-io/* 3). If a subscription is read as an iterator, the handling of a message ends when
 * the loop takes the next one. A publish to JetStream is a request of the connection, so it is
 * traced here, as an event. Messages that JetStream delivers are traced in `jetstream.ts`.
 */
export interface NatsOptions {
  /**
   * Makes empty headers. Pass the `headers` function of the NATS client, because this package does
   * not contain the client.
   */
  headers: () => MsgHdrs;
  stepOf?: (subject: string) => string | undefined;
}

const PUBLISHES = createContextKey('fermata publishes to JetStream');
const isJetStreamPublish = (): boolean => context.active().getValue(PUBLISHES) === true;
/** Runs a publish to JetStream. The request that it sends is traced as an event. */
export const publishToJetStream = <T>(publish: () => T): T =>
  context.with(context.active().setValue(PUBLISHES, true), publish);

type Payload = Parameters<NatsConnection['publish']>[1];
type Methods = { [M in 'publish' | 'request' | 'subscribe']: NatsConnection[M] };
/**
 * Returns whether a subject is internal to NATS (`$…`, `_INBOX.…`). Messages to it are not traced
 * here.
 */
const isInternal = (subject: string): boolean =>
  subject.startsWith('$') || subject.startsWith('_INBOX.');

export function traceNats<C extends NatsConnection>(connection: C, options: NatsOptions): C {
  if (!markTraced(connection)) return connection;
  traceSending(connection, options.headers);
  traceSubscribing(connection, options);
  return connection;
}

function traceSending(connection: NatsConnection, makeHeaders: NatsOptions['headers']): void {
  // The original methods are called with the caller's `this`, because the patched object may be the
  // prototype of many connections.
  const { publish, request } = connection as Methods;
  /**
   * True while `request` runs. `request` calls `publish` for the same message, which must not be
   * traced twice.
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
    // A publish to JetStream is sent as a request, whose answer is only an acknowledgement.
    const send = isJetStreamPublish() ? publishEvent : sendCommand;
    return send(outgoing(subject, given), (headers) => {
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
  // If the application copied the headers of the message that it is handling, the `Nats-Msg-Id` in
  // them is not the id of the new message.
  const isOwn = id && id !== messageIdOf(context.active());
  return { type: subject, destination: subject, system: 'nats', headers, ...(isOwn && { id }) };
}

/**
 * Returns the options with `copy` as their headers, filled with the given headers and the context.
 * The given headers stay unchanged, because the caller may use them again in another flow.
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
    const step = options.stepOf?.(subject);
    const handling = { group: given?.queue ?? '', ...(step !== undefined && { step }) };
    // Internal subjects are not traced here. JetStream delivers to such inboxes, and `jetstream.ts`
    // traces those messages.
    if (isInternal(subject)) return subscribe.call(this, subject, given);
    if (given === undefined || callback === undefined) {
      const subscription = subscribe.call(this, subject, given);
      traceIterable<Msg>(subscription, (msg) => startProcessing(incoming(msg, handling)));
      return subscription;
    }
    return subscribe.call(this, subject, {
      ...given,
      callback: (error, msg) => {
        // A message that JetStream pushes to a subject is not traced here, because `jetstream.ts`
        // traces it until its acknowledgement.
        if (error || msg.reply?.startsWith('$JS.ACK.')) return callback(error, msg);
        void handleNatsFor(callback, msg, () => callback(null, msg), handling);
      },
    });
  };
}

/**
 * The exports of the client module that this adapter uses, of `nats` 2 or @nats-io/transport-node
 * 3.
 */
interface NatsModule {
  headers: () => MsgHdrs;
  NatsConnectionImpl?: { prototype: NatsConnection };
  connect?: (...args: unknown[]) => Promise<NatsConnection>;
}

/**
 * Patches a NATS client module, so that every later connection is traced and the application needs
 * no change. Returns the module to use, because the exports of `nats` 2 are read-only and it
 * exports no connection class that could be patched. Each connection of `nats` 2 is passed to
 * `onConnection`. A second call does nothing.
 */
export function instrumentNats(
  module: NatsModule,
  onConnection: (connection: NatsConnection) => void = () => undefined,
): NatsModule {
  const { NatsConnectionImpl: Connection, connect } = module;
  if (Connection !== undefined) {
    traceNats(Connection.prototype, module);
    return module;
  }
  if (connect === undefined || Object.hasOwn(connect, TRACED)) return module;
  const traced = async (...args: unknown[]): Promise<NatsConnection> => {
    const connection = traceNats(await connect(...args), module);
    onConnection(connection);
    return connection;
  };
  markTraced(traced);
  return withExports(module, { connect: traced });
}

/**
 * A message of NATS core or of JetStream. Only a JetStream message has `info`, with its consumer
 * and its delivery count.
 */
export type AnyMessage = Pick<Msg, 'subject'> & {
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
 * Runs a handler for one message, in a span of its own and in the flow that the message's headers
 * name.
 */
export const handleNats = <T>(
  msg: AnyMessage,
  handler: (extracted: Extracted) => T,
  options: { group?: string; step?: string } = {},
): T => handleNatsFor(handler, msg, handler, options);

const handleNatsFor = <T>(
  listener: (...args: never[]) => unknown,
  msg: AnyMessage,
  handler: (extracted: Extracted) => T,
  options: { group?: string; step?: string },
): T => handleOnBehalfOf(listener, incoming(msg, options), handler);

/** Returns the description of a received message from which `startProcessing` makes a span. */
export function incoming(
  msg: AnyMessage,
  options: { group?: string; step?: string } = {},
): IncomingMessage {
  const { info } = msg;
  const group = options.group || info?.consumer;
  return {
    system: 'nats',
    destination: msg.subject,
    headers: headersIn(msg.headers),
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
  };
}
