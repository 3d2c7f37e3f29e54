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
 * This adapter wraps the publish, sendToQueue and consume methods of a channel of amqplib 0.10 to
 * 2, with promises or callbacks. Libraries built on amqplib, such as rascal, are traced by it too.
 * The message type is `properties.type` (else the routing key), the message id is
 * `properties.messageId`. A message to a queue is a command, a message to an exchange is an event.
 * The span of a delivery ends when the delivery is acknowledged, or with the handler if the
 * consumer does not acknowledge.
 *
 * If OpenTelemetry's own amqplib instrumentation is active, it makes the spans. This adapter then
 * only adds the flow to the headers and to the handler's context, because that instrumentation does
 * not.
 */
export interface AmqplibOptions {
  /**
   * Returns the name of the step that handles a message of this queue. Default: the message type.
   */
  stepOf?: (queue: string, message: ConsumeMessage) => string | undefined;
}

type AnyChannel = Channel | ConfirmChannel;
/** Spans of deliveries that are neither acknowledged nor rejected yet, by delivery tag. */
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
    // Some libraries pass undefined for the default exchange, whose name is the empty string.
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
    // `given.type` takes precedence over a type in the headers, because the application set it for
    // this message, whereas the headers may be copied from a received message.
    headers:
      given?.type === undefined ? headers : { ...headers, [HEADER_MESSAGE_TYPE]: given.type },
    ...(id !== undefined && { id }),
    ...(failure !== undefined && { failure }),
  };
}

/**
 * Returns whether a message is a reply: it has a correlation id, asks for no reply itself, and goes
 * directly to a queue.
 */
const isReply = (exchange: string, given: Options.Publish | undefined): boolean =>
  exchange === '' && given?.correlationId !== undefined && given.replyTo === undefined;

/**
 * Returns the message type of a reply, made from the type of the request. The routing key is no
 * good type, because most clients have a reply queue of their own with a generated name.
 */
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
 * Reasons in the `x-death` header that count as a failed attempt. `expired` is missing, because in
 * RabbitMQ a queue whose messages expire into another queue serves as a timer.
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
 * Patches the amqplib module, so that every channel of every later connection is traced and the
 * application needs no change. A second call does nothing.
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

/** Patches `amqplib/callback_api` in the same way as `instrumentAmqplib` patches `amqplib`. */
export function instrumentAmqplibCallbacks(
  amqplib: AmqplibModule,
  options: AmqplibOptions = {},
): void {
  // Both the channel that `create` returns and the channel that its callback gets are traced,
  // because the application may use the returned channel before it is open.
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
  // A recovering connection returns itself instead of a channel. It has no `publish` and must not
  // be traced as a channel.
  if (typeof (channel as { publish?: unknown } | undefined)?.publish !== 'function') return channel;
  try {
    return traceChannel(channel as Channel, options);
  } catch (error) {
    diag.warn('fermata: an amqplib channel could not be traced', error);
    return channel;
  }
}
