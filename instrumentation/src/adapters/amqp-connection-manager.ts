import { attempt, markTraced } from '../adapter-kit.ts';
import { withContext } from './parts/queued-context.ts';

/**
 * This adapter keeps the context of messages that amqp-connection-manager 3 to 5 queues until
 * there is a connection (NestJS and @golevelup/nestjs-rabbitmq publish by it). Otherwise all of
 * them would be sent in the context of the one that began the sending. The spans are made by the
 * adapter of amqplib, which finds the context in the message's options.
 */
type Method = (...args: unknown[]) => unknown;
/** The place of the options among the arguments of the methods that queue messages. */
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

/** Instruments without changes to the application. A second call does nothing. */
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
