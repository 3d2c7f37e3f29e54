import { attempt, markTraced } from '../adapter-kit.ts';
import { withContext } from './parts/queued-context.ts';

/**
 * This adapter is for amqp-connection-manager 3 to 5, which NestJS and @golevelup/nestjs-rabbitmq
 * use to publish. The library queues messages while there is no connection and later sends them all
 * in the context of whichever call started the sending. The adapter stores each message's own
 * context in the message's options. The adapter of amqplib reads it there and makes the spans.
 */
type Method = (...args: unknown[]) => unknown;
/** Position of the options argument in each method that queues a message. */
const OPTIONS_AT = { publish: 3, sendToQueue: 2 } as const;

function traceWrapper(channel: Record<keyof typeof OPTIONS_AT, Method>): void {
  if (!markTraced(channel)) return;
  for (const name of ['publish', 'sendToQueue'] as const) {
    const queue = channel[name];
    channel[name] = (...args) => {
      const options = args[OPTIONS_AT[name]];
      if (typeof options !== 'function') args[OPTIONS_AT[name]] = withContext(options);
      return queue.apply(channel, args);
    };
  }
}

/**
 * Patches the amqp-connection-manager module, so that the application needs no change. A second
 * call does nothing.
 */
export function instrumentConnectionManager(module: {
  AmqpConnectionManagerClass?: { prototype: object };
}): void {
  const prototype = module.AmqpConnectionManagerClass?.prototype as
    Record<'createChannel', Method> | undefined;
  if (prototype === undefined || !markTraced(prototype)) return;
  const { createChannel } = prototype;
  prototype.createChannel = function (...args) {
    const channel = createChannel.apply(this, args);
    attempt(() => traceWrapper(channel as Parameters<typeof traceWrapper>[0]));
    return channel;
  };
}
