import { trace } from '@opentelemetry/api';
import { markTraced, noteFailure } from '../adapter-kit.ts';

/**
 * This adapter records the errors of handlers of @golevelup/nestjs-rabbitmq. Without it they would
 * be lost, because that library catches them and then acknowledges or rejects the message. The
 * messages themselves are traced by the adapters of amqplib and amqp-connection-manager.
 */
type Handler = (...args: unknown[]) => unknown;

const noteErrors =
  (handler: Handler): Handler =>
  async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      const span = trace.getActiveSpan();
      if (span?.isRecording()) noteFailure(span, error);
      throw error;
    }
  };

/**
 * Patches the @golevelup/nestjs-rabbitmq module, so that the application needs no change. A second
 * call does nothing.
 */
export function instrumentGolevelup(module: { AmqpConnection: { prototype: object } }): void {
  const prototype = module.AmqpConnection.prototype as Record<string, Handler | undefined>;
  if (!markTraced(prototype)) return;
  for (const name of ['createSubscriber', 'createRpc']) {
    const create = prototype[name];
    if (create === undefined) continue;
    prototype[name] = function (this: unknown, handler, ...rest) {
      return create.call(this, noteErrors(handler as Handler), ...rest);
    };
  }
}
