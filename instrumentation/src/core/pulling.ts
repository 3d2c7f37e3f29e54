import { context, createContextKey, type Context } from '@opentelemetry/api';
import { attempt } from './attempt.ts';
import { enterContext, LateContext } from './entering.ts';
import type { Processing } from './message-spans.ts';
import { endAccepted, endUnlessAcknowledged, UNACKNOWLEDGED_AFTER_MS } from './settling.ts';

/**
 * This file traces consumers that fetch messages themselves, by an iterator or by reads, so that no
 * callback shows where the handling of a message ends. It ends when the consumer acknowledges the
 * message or fetches the next one.
 */
const BASE = createContextKey('fermata context outside messages');

/** Returns the context in which the consumer ran before it fetched its first message. */
const baseOf = (ctx: Context): Context => (ctx.getValue(BASE) as Context | undefined) ?? ctx;

/** Traces one consumer that fetches one message after another. */
export interface Pulling<T> {
  /**
   * Fetches the next message. Ends the handling of the previous message, and makes the context of
   * the new one active in the code that awaits it. `messageIn` returns undefined if the result
   * contains no message.
   */
  take<R>(get: () => Promise<R>, messageIn: (result: R) => T | undefined): Promise<R>;
  /** Ends the handling of the last message, because the consumer fetches no more. */
  end(): void;
}

/**
 * `start` starts the span of a message. `acknowledges` tells whether the consumer acknowledges the
 * message; if so, the adapter ends the span at the acknowledgement.
 */
export function createPulling<T>(
  start: (message: T) => Processing,
  acknowledges: (message: T) => boolean,
): Pulling<T> {
  let last: { processing: Processing; message: T } | undefined;
  const endLast = (): void => {
    if (last === undefined) return;
    const { span } = last.processing;
    if (!acknowledges(last.message)) endAccepted(span);
    else if (span.isRecording()) endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.callback);
    last = undefined;
  };
  return {
    async take(get, messageIn) {
      endLast();
      const base = baseOf(context.active());
      const late = new LateContext(base);
      enterContext(late);
      const result = await get();
      const message = messageIn(result);
      const processing = message === undefined ? undefined : attempt(() => start(message));
      if (processing !== undefined) {
        late.settle(processing.ctx.setValue(BASE, base));
        last = { processing, message: message! };
      }
      return result;
    },
    end() {
      endLast();
      enterContext(baseOf(context.active()));
    },
  };
}

/**
 * Patches an iterable so that the body of a `for await` loop runs in the context of its message.
 */
export function traceIterable<T>(
  iterable: AsyncIterable<T>,
  start: (message: T) => Processing,
  acknowledges: (message: T) => boolean = () => false,
): void {
  const iterate = iterable[Symbol.asyncIterator].bind(iterable);
  const traced = (): AsyncIterator<T> => {
    const iterator = iterate();
    const pulling = createPulling(start, acknowledges);
    const own: AsyncIterableIterator<T> = {
      next: () =>
        pulling.take(
          () => iterator.next(),
          ({ done, value }) => (done === true ? undefined : value),
        ),
      [Symbol.asyncIterator]: () => own,
    };
    const leave =
      (method: 'return' | 'throw') =>
      async (value?: unknown): Promise<IteratorResult<T>> => {
        pulling.end();
        return (await iterator[method]?.(value)) ?? { done: true, value };
      };
    if (iterator.return) own.return = leave('return');
    if (iterator.throw) own.throw = leave('throw');
    return own;
  };
  Object.defineProperty(iterable, Symbol.asyncIterator, {
    value: traced,
    configurable: true,
    writable: true,
  });
}

/**
 * Starts the span of a message when the message's content is first read, by a getter on the
 * property that holds it. If one fetch returned several messages, nothing else shows which of them
 * the consumer is handling.
 */
export function traceRead({
  start,
  holder,
  property,
}: {
  start: () => Processing;
  holder: object;
  property: string | number;
}): void {
  const content = (holder as Record<string | number, unknown>)[property];
  let processing: Processing | undefined;
  const base = baseOf(context.active());
  Object.defineProperty(holder, property, {
    configurable: true,
    enumerable: true,
    get() {
      processing ??= attempt(start);
      if (processing !== undefined) enterContext(processing.ctx.setValue(BASE, base));
      return content;
    },
    set(value: unknown) {
      Object.defineProperty(holder, property, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    },
  });
}

/** Restores the context from before the first message, because the consumer fetches again. */
export const leaveMessage = (): void => {
  const active = context.active();
  const base = baseOf(active);
  if (base !== active) enterContext(base);
};
