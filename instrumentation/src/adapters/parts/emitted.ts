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
 * This file traces messages that a client emits as events of an EventEmitter. The handling of a
 * message ends when all listeners have returned and their promises have settled.
 */
/** A message in an event of a client: how its span is started, and what its listeners get. */
export interface Emitted {
  start: () => Processing;
  /** Arguments for the listeners. Default: the arguments of the event. */
  args?: unknown[];
}

/** A message whose listeners are running. */
interface Delivery {
  span: Span;
  ctx: Context;
  /**
   * Number of listeners that have not ended, plus 1 while the event is being emitted. At 0, the
   * span ends.
   */
  open: number;
}

/**
 * Patches an emitter so that the listeners of these events run in the span of their message.
 * `messageIn` returns undefined for an event that is not to be traced.
 */
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
