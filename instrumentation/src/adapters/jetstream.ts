import {
  createPulling,
  endAccepted,
  endFailed,
  endRefused,
  endUnlessAcknowledged,
  markTraced,
  startProcessing,
  traceIterable,
  UNACKNOWLEDGED_AFTER_MS,
  watchWork,
  withExports,
  type Processing,
} from '../adapter-kit.ts';
import { incoming, publishToJetStream, type AnyMessage } from './nats.ts';

/**
 * This adapter traces the messages that JetStream delivers, with `nats` 2 and @nats-io/jetstream 3.
 * It wraps a consumer's consume, fetch and next, with iterators and callbacks. The handling of a
 * message ends when the message is acknowledged. A negative acknowledgement (`nak`, `term`) marks
 * it as failed.
 */
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;
type Message = AnyMessage & Methods;

/** Wraps those of the named methods that the target has. A wrapper gets the original method. */
function wrapAll(target: object, wrappers: Record<string, (method: Method) => Method>): void {
  const methods = target as Methods;
  for (const [name, wrap] of Object.entries(wrappers)) {
    const method = methods[name];
    if (typeof method === 'function') methods[name] = wrap(method);
  }
}

/** How each acknowledging method of a message ends the message's span. */
const SETTLES: Readonly<Record<string, (processing: Processing) => void>> = {
  ack: ({ span }) => endAccepted(span),
  ackAck: ({ span }) => endAccepted(span),
  nak: ({ span }) => endRefused(span, true),
  term: ({ span }) => endRefused(span, false),
};

function start(message: Message): Processing {
  const processing = startProcessing(incoming(message));
  for (const [name, end] of Object.entries(SETTLES)) {
    const settle = message[name];
    if (typeof settle !== 'function') continue;
    message[name] = (...args) => {
      end(processing);
      return settle.apply(message, args);
    };
  }
  return processing;
}

const acknowledges = (): boolean => true;
const isIterable = (value: unknown): value is AsyncIterable<Message> =>
  typeof (value as Partial<AsyncIterable<Message>> | null)?.[Symbol.asyncIterator] === 'function';
const traceDelivered = (delivered: unknown): void => {
  if (isIterable(delivered)) traceIterable(delivered, start, acknowledges);
};

type Options = { callback?: Method } | undefined;

function withCallback(options: Options): Options {
  const callback = options?.callback;
  if (callback === undefined) return options;
  return {
    ...options,
    callback(...args) {
      return handleUntilAcknowledged(args[0] as Message, callback, () =>
        callback.apply(this, args),
      );
    },
  };
}

function traceConsumer<C>(consumer: C): C {
  if (typeof consumer !== 'object' || consumer === null || !markTraced(consumer)) return consumer;
  const pulling = createPulling(start, acknowledges);
  /**
   * True while `next` runs. `next` calls `fetch`, which must not start a second span for the
   * message.
   */
  let taking = false;
  wrapAll(consumer, {
    consume: (consume) =>
      async function (this: unknown, options, ...rest) {
        const delivered = await consume.call(this, withCallback(options as Options), ...rest);
        if ((options as Options)?.callback === undefined) traceDelivered(delivered);
        return delivered;
      },
    fetch: (fetch) =>
      async function (this: unknown, ...args) {
        const isInner = taking;
        const delivered = await fetch.apply(this, args);
        if (!isInner) traceDelivered(delivered);
        return delivered;
      },
    next: (next) =>
      function (this: unknown, ...args) {
        return pulling.take(
          () => {
            taking = true;
            try {
              return next.apply(this, args) as Promise<Message | null>;
            } finally {
              taking = false;
            }
          },
          (message) => message ?? undefined,
        );
      },
  });
  return consumer;
}

const CONSUMER_GETTERS = [
  ...['get', 'getConsumerFromInfo', 'getPullConsumer', 'getPushConsumer'],
  ...['getBoundPushConsumer', 'getOrderedPushConsumer'],
];

/** Options of a push subscription in `nats` 2, or the builder of such options. */
interface PushOptions {
  callbackFn?: Method;
}

/** Wraps the callback of a push subscription. Returns false if the subscription has no callback. */
function tracePushCallback(options: PushOptions | undefined): boolean {
  const callback = options?.callbackFn;
  if (callback === undefined) return false;
  options!.callbackFn = function (this: unknown, ...args) {
    const message = args[1] as Message | null | undefined;
    if (args[0] || !message) return callback.apply(this, args);
    return handleUntilAcknowledged(message, callback, () => callback.apply(this, args));
  };
  return true;
}

/**
 * Runs a callback for one message in the message's span, which ends when the message is
 * acknowledged.
 */
function handleUntilAcknowledged(message: Message, callback: Method, work: () => unknown): unknown {
  const { span, ctx } = start(message);
  return watchWork(span, ctx, work, callback, {
    done: () => endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.callback),
    failed: (error) => endFailed(span, error),
  });
}

function traceClient<C>(client: C): C {
  if (typeof client !== 'object' || client === null || !markTraced(client)) return client;
  wrapAll(client, {
    publish: (publish) =>
      function (this: unknown, ...args) {
        return publishToJetStream(() => publish.apply(this, args));
      },
    subscribe: (subscribe) =>
      async function (this: unknown, ...args) {
        const isTraced = tracePushCallback(args[1] as PushOptions | undefined);
        const delivered = await subscribe.apply(this, args);
        if (!isTraced) traceDelivered(delivered);
        return delivered;
      },
  });
  const { consumers } = client as { consumers?: object };
  if (consumers === undefined) return client;
  const traced = (get: Method): Method =>
    function (this: unknown, ...args) {
      const consumer = get.apply(this, args);
      return consumer instanceof Promise ? consumer.then(traceConsumer) : traceConsumer(consumer);
    };
  wrapAll(consumers, Object.fromEntries(CONSUMER_GETTERS.map((name) => [name, traced])));
  return client;
}

/** Traces the JetStream clients that a connection of `nats` 2 makes. */
export function traceJetStreamOf(connection: object): void {
  wrapAll(connection, {
    jetstream: (jetstream) =>
      function (this: unknown, ...args) {
        return traceClient(jetstream.apply(this, args));
      },
  });
}

/** Returns the @nats-io/jetstream module with tracing, so that the application needs no change. */
export function instrumentJetStream(module: { jetstream?: Method }): { jetstream?: Method } {
  const { jetstream } = module;
  if (jetstream === undefined || !markTraced(jetstream)) return module;
  const traced: Method = (...args) => traceClient(jetstream(...args));
  markTraced(traced);
  return withExports(module, { jetstream: traced });
}
