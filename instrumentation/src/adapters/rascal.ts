import { context } from '@opentelemetry/api';
import { attempt, markTraced } from '../adapter-kit.ts';

/**
 * This adapter keeps the context of messages while rascal waits for a channel from its pool.
 * Without it, all waiting messages would be sent in the context of the one for which the channel
 * was made. The messages themselves are traced by the adapter of amqplib.
 */
type Method = (...args: unknown[]) => unknown;
const LENDING = ['getChannel', 'getConfirmChannel', 'borrowChannel', 'borrowConfirmChannel'];

function keepContexts(vhost: Record<string, Method | undefined>): void {
  if (typeof vhost['borrowConfirmChannel'] !== 'function' || !markTraced(vhost)) return;
  for (const name of LENDING) {
    const lend = vhost[name];
    if (typeof lend === 'function')
      vhost[name] = (next, ...rest) =>
        lend.call(vhost, context.bind(context.active(), next as Method), ...rest);
  }
}

/** Patches rascal's virtual hosts, so that the application needs no change. */
export function instrumentRascal(module: { create: Method }): void {
  if (!markTraced(module)) return;
  const create = module.create.bind(module);
  module.create = (...args) => {
    const next = args.pop() as Method;
    return create(...args, (...results: unknown[]) => {
      for (const result of results)
        if (typeof result === 'object' && result !== null)
          attempt(() => keepContexts(result as Record<string, Method>));
      return next(...results);
    });
  };
}
