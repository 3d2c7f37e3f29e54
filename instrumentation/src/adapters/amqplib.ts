import { diag, trace, type Attributes, type Span } from '@opentelemetry/api';
import type { Channel, ConfirmChannel, ConsumeMessage, Message, Options } from 'amqplib';
import {
  addFlow,
  beginHandling,
  endAccepted,
  endFailed,
  endRefused,
  endSpanWith,
  endUnlessAcknowledged,
  type IncomingMessage,
  isWrapped,
  markTraced,
  type OutgoingMessage,
  publishEvent,
  reply,
  sendCommand,
  startProcessing,
  UNACKNOWLEDGED_AFTER_MS,
  watchWork,
  withFlowFromHeaders,
} from '../adapter-kit.ts';
import { ATTR_MESSAGE_TYPE, HEADER_MESSAGE_ID, HEADER_MESSAGE_TYPE } from '../semconv.ts';
import { inQueuedContext } from './parts/queued-context.ts';
import {
  traceConnection,
  withCallback,
  withSetup,
  wrapConnect,
  type AmqplibModule,
  type Wrap,
} from './parts/amqplib-connections.ts';
import { recoveryIn } from './parts/recovery.ts';

/**
 * This adapter wraps a channel's publish, sendToQueue and consume, of amqplib 0.10 to 2, with
 * promises or callbacks (and of libraries built on amqplib, such as rascal). The message type is
 * `properties.type` (else the routing key), the message id `properties.messageId`. A message to a
 * queue is a command, a message to an exchange is an event. A delivery's span ends with the
 * acknowledgement of the delivery, or with the handler where the consumer does not acknowledge.
 *
 * Where OpenTelemetry's own amqplib instrumentation is active, that instrumentation makes the
 * spans. This adapter then adds the flow to the headers and to the handler's context, because the
 * other instrumentation does not.
 */
export interface AmqplibOptions {
  /** Returns the name of the step that handles a queue's message; default: the message type. */
  stepOf?: (queue: string, message: ConsumeMessage) => string | undefined;
}

type AnyChannel = Channel | ConfirmChannel;
/** Spans of deliveries that are not settled yet, by delivery tag. */
type Unsettled = Map<number, Span>;

export function traceChannel<C extends AnyChannel>(channel: C, options: AmqplibOptions = {}): C {
  if (!markTraced(channel)) return channel;
  const foreign = isWrapped(Object.getPrototypeOf(channel) as Record<string, unknown>, 'publish');
  tracePublishing(channel, foreign);
  const unsettled: Unsettled = new Map();
  traceConsuming(channel, options, foreign, unsettled);
  traceSettling(channel, unsettled);
  channel.once('close', () => {
    for (const span of unsettled.values())
      endFailed(span, new Error('channel closed before the message was acknowledged'));
    unsettled.clear();
  });
  return channel;
}

function tracePublishing(channel: AnyChannel, foreign: boolean): void {
  const publish = channel.publish.bind(channel) as (...args: unknown[]) => boolean;
  const send = (
    named: string | undefined,
    routingKey: string,
    content: Buffer,
    given: Options.Publish | undefined,
    rest: unknown[],
  ): boolean => {
    // Some libraries name the default exchange by undefined.
    const exchange = named ?? '';
    if (foreign) {
      const headers = addFlow({ ...(given?.headers as object) });
      return publish(named, routingKey, content, { ...given, headers }, ...rest);
    }
    const isCommand = exchange === '' || given?.replyTo !== undefined;
    const ask = isReply(exchange, given) ? reply : isCommand ? sendCommand : publishEvent;
    return ask(outgoing(exchange, routingKey, given), (headers) => {
      const messageId = given?.messageId ?? headers[HEADER_MESSAGE_ID];
      const properties = { ...given, headers, ...(messageId !== undefined && { messageId }) };
      return publish(named, routingKey, content, properties, ...rest);
    });
  };
  channel.publish = ((
    exchange: string,
    key: string,
    content: Buffer,
    given?: Options.Publish,
    ...rest: unknown[]
  ) =>
    inQueuedContext(given, () =>
      send(exchange, key, content, given, rest),
    )) as AnyChannel['publish'];
  channel.sendToQueue = ((
    queue: string,
    content: Buffer,
    given?: Options.Publish,
    ...rest: unknown[]
  ) =>
    inQueuedContext(given, () =>
      send('', queue, content, given, rest),
    )) as AnyChannel['sendToQueue'];
}

function outgoing(
  exchange: string,
  routingKey: string,
  given: Options.Publish | undefined,
): OutgoingMessage {
  const headers = (given?.headers ?? {}) as Record<string, unknown>;
  const id = given?.messageId;
  const destination = exchange === '' ? routingKey : exchange;
  const { failure } = recoveryIn(headers, destination);
  return {
    type: given?.type ?? (isReply(exchange, given) ? replyType() : routingKey),
    destination,
    system: 'rabbitmq',
    // `given.type` was set for this message, so it takes precedence over a type in the headers,
    // which may be passed on from another message.
    headers:
      given?.type === undefined ? headers : { ...headers, [HEADER_MESSAGE_TYPE]: given.type },
    ...(id !== undefined && { id }),
    ...(failure !== undefined && { failure }),
  };
}

/**
 * Returns whether a message answers another: it names a request, and a queue without an exchange.
 */
const isReply = (exchange: string, given: Options.Publish | undefined): boolean =>
  exchange === '' && given?.correlationId !== undefined && given.replyTo === undefined;

/** Names a reply by what it answers, as its queue mostly has a name of its own for each client. */
function replyType(): string {
  const span = trace.getActiveSpan() as { attributes?: Attributes } | undefined;
  const type = span?.attributes?.[ATTR_MESSAGE_TYPE];
  return typeof type === 'string' ? `${type}.reply` : 'reply';
}

function traceConsuming(
  channel: AnyChannel,
  options: AmqplibOptions,
  foreign: boolean,
  unsettled: Unsettled,
): void {
  const consume = channel.consume.bind(channel);
  channel.consume = (
    queue: string,
    onMessage: (message: ConsumeMessage | null) => unknown,
    given?: Options.Consume,
    ...rest: []
  ) => {
    const onTraced = (message: ConsumeMessage | null): unknown => {
      if (message === null) return onMessage(null);
      const handle = (): unknown => onMessage(message);
      if (foreign)
        return withFlowFromHeaders(message.properties.headers as Record<string, unknown>, handle);
      const { span, ctx } = startProcessing(incoming(queue, message, options));
      if (given?.noAck === true) return endSpanWith(span, ctx, handle, onMessage);
      const tag = message.fields.deliveryTag;
      unsettled.set(tag, span);
      const endHandling = beginHandling(span);
      let isWaited = false;
      const result = watchWork(span, ctx, handle, onMessage, {
        done: () => {
          endHandling();
          const afterMs = UNACKNOWLEDGED_AFTER_MS[isWaited ? 'promise' : 'callback'];
          if (unsettled.get(tag) === span)
            endUnlessAcknowledged(span, afterMs, () => unsettled.delete(tag));
        },
        failed: (error) => {
          unsettled.delete(tag);
          if (span.isRecording()) endFailed(span, error);
          endHandling();
        },
      });
      isWaited = true;
      return result;
    };
    return consume(queue, onTraced, given, ...rest);
  };
}

const refused = (requeue: boolean) => (span: Span) => endRefused(span, requeue);

function traceSettling(channel: AnyChannel, unsettled: Unsettled): void {
  const settle = (tag: number, allUpTo: boolean, end: (span: Span) => void): void => {
    for (const key of allUpTo ? [...unsettled.keys()].filter((key) => key <= tag) : [tag]) {
      const span = unsettled.get(key);
      unsettled.delete(key);
      if (span !== undefined) end(span);
    }
  };
  const settleAll = (end: (span: Span) => void): void => settle(Infinity, true, end);
  const ack = channel.ack.bind(channel);
  channel.ack = (message: Message, allUpTo = false) => {
    ack(message, allUpTo);
    settle(message.fields.deliveryTag, allUpTo, endAccepted);
  };
  const ackAll = channel.ackAll.bind(channel);
  channel.ackAll = () => {
    ackAll();
    settleAll(endAccepted);
  };
  const nack = channel.nack.bind(channel);
  channel.nack = (message: Message, allUpTo = false, requeue = true) => {
    nack(message, allUpTo, requeue);
    settle(message.fields.deliveryTag, allUpTo, refused(requeue));
  };
  const nackAll = channel.nackAll.bind(channel);
  channel.nackAll = (requeue = true) => {
    nackAll(requeue);
    settleAll(refused(requeue));
  };
  const reject = channel.reject.bind(channel);
  channel.reject = (message: Message, requeue = true) => {
    reject(message, requeue);
    settle(message.fields.deliveryTag, false, refused(requeue));
  };
}

interface Death {
  count?: number;
  queue?: string;
  reason?: string;
}

/**
 * Reasons for a dead letter that count as a failed attempt. `expired` is not among them, because in
 * RabbitMQ a queue whose messages expire into the next queue is used as a timer.
 */
const FAILURES: ReadonlySet<string> = new Set(['rejected', 'delivery_limit', 'maxlen']);

function incoming(
  queue: string,
  message: ConsumeMessage,
  options: AmqplibOptions,
): IncomingMessage {
  const { properties, fields } = message;
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const all = (Array.isArray(headers['x-death']) ? headers['x-death'] : []) as Death[];
  const deaths = all.filter(({ reason }) => reason !== undefined && FAILURES.has(reason));
  const died = deaths.find((death) => death.queue !== queue);
  const before = deaths
    .filter((death) => death.queue === queue)
    .reduce((sum, death) => sum + (death.count ?? 1), 0);
  const step = options.stepOf?.(queue, message);
  const recovery = recoveryIn(headers, queue);
  const deadLetteredFrom = died?.queue ?? recovery.deadLetteredFrom;
  const attempt = Math.max(before + (fields.redelivered ? 1 : 0) + 1, recovery.attempt ?? 1);
  return {
    system: 'rabbitmq',
    destination: queue,
    group: queue,
    headers,
    type: (properties.type as string | undefined) ?? fields.routingKey,
    ...(typeof properties.messageId === 'string' && { id: properties.messageId }),
    ...(step !== undefined && { step }),
    ...(attempt > 1 && { attempt }),
    ...(deadLetteredFrom !== undefined && { deadLetteredFrom }),
  };
}

/**
 * Instruments without changes to the application: traces every channel of every connection that
 * this module makes from now on. A second call does nothing.
 */
export function instrumentAmqplib(amqplib: AmqplibModule, options: AmqplibOptions = {}): void {
  const wrap: Wrap =
    (create) =>
    async (...given) =>
      traceIfChannel(await create(...given), options);
  wrapConnect(
    amqplib,
    (connect) =>
      async (...args) =>
        traceConnection(await connect(...withSetup(args, wrap)), wrap),
  );
}

/** Instruments `amqplib/callback_api`, as `instrumentAmqplib` instruments `amqplib`. */
export function instrumentAmqplibCallbacks(
  amqplib: AmqplibModule,
  options: AmqplibOptions = {},
): void {
  // The application may use a channel before the channel is open, so the channel that `create`
  // returns is traced, as well as the one that the callback gets.
  const wrap: Wrap =
    (create) =>
    (...given) =>
      traceIfChannel(
        create(...withCallback(given, (channel) => traceIfChannel(channel, options))),
        options,
      );
  const change = (connection: unknown): unknown => traceConnection(connection, wrap);
  wrapConnect(amqplib, (connect) => (...args) => {
    const recovering = connect(...withCallback(withSetup(args, wrap), change));
    return recovering === undefined ? recovering : change(recovering);
  });
}

function traceIfChannel(channel: unknown, options: AmqplibOptions): unknown {
  // A recovering connection returns itself in place of a channel. It must not be traced as a
  // channel.
  if (typeof (channel as { publish?: unknown } | undefined)?.publish !== 'function') return channel;
  try {
    return traceChannel(channel as Channel, options);
  } catch (error) {
    diag.warn('fermata: an amqplib channel could not be traced', error);
    return channel;
  }
}
