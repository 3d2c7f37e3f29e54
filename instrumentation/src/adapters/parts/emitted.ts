import { context, type Context, type Span } from '@opentelemetry/api';
import {
  attempt,
  endFailed,
  preciseNow,
  type Processing,
  watchWork,
  wrapListeners,
} from '../../adapter-kit.ts';

/**
 * Traces messages that a client emits as events. A message is handled until all its listeners have
 * returned, and their promises have settled.
 */
/** What a client's event says about a message. */
export interface Emitted {
  start: () => Processing;
  /** The arguments for the listeners; by default those of the event. */
  args?: unknown[];
}

/** A message, while its listeners run. */
interface Delivery {
  span: Span;
  ctx: Context;
  /** Number of listeners that have not ended, and 1 for the emitting itself. */
  open: number;
}

/** `messageIn` returns undefined for an event that is no message. */
export function traceEmitted(
  emitter: object,
  events: ReadonlySet<string | symbol>,
  messageIn: (event: string | symbol, args: unknown[]) => Emitted | undefined,
): void {
  const client = emitter as Record<'emit', (...args: unknown[]) => boolean>;
  let emitting: Delivery | undefined;
  const release = (delivery: Delivery): void => {
    delivery.open--;
    if (delivery.open === 0 && delivery.span.isRecording()) delivery.span.end(preciseNow());
  };
  wrapListeners(client, (event, listener) =>
    !events.has(event)
      ? listener
      : function (this: unknown, ...args) {
          const delivery = emitting;
          if (delivery === undefined) return listener.apply(this, args);
          delivery.open++;
          return watchWork(
            delivery.span,
            delivery.ctx,
            () => listener.apply(this, args),
            listener,
            {
              done: () => release(delivery),
              failed: (error) => {
                if (delivery.span.isRecording()) endFailed(delivery.span, error);
              },
            },
          );
        },
  );
  const emit = client.emit.bind(client);
  client.emit = (...[event, ...args]) => {
    if (!events.has(event as string)) return emit(event, ...args);
    const emitted = attempt(() => messageIn(event as string, args));
    const started = emitted && attempt(emitted.start);
    if (started === undefined) return emit(event, ...args);
    const delivery: Delivery = { span: started.span, ctx: started.ctx, open: 1 };
    const before = emitting;
    emitting = delivery;
    try {
      return context.with(started.ctx, () => emit(event, ...(emitted?.args ?? args)));
    } catch (error) {
      if (delivery.span.isRecording()) endFailed(delivery.span, error);
      throw error;
    } finally {
      emitting = before;
      release(delivery);
    }
  };
}
