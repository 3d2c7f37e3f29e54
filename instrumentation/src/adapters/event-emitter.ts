import type { EventEmitter } from 'node:events';
import { handleOnBehalfOf, markTraced, publishEvent, wrapListeners } from '../adapter-kit.ts';

/**
 * This adapter traces a plain EventEmitter as a message bus inside one process: an emitted event is
 * a message, and each listener is a consumer. The consumer group is the name of the listener's
 * function, or its position among the listeners of the event. With it, the attempts of two
 * listeners are not taken for attempts of one.
 */
export interface EmitterOptions {
  /** Prefix of the destination under which the events are reported. Default: `events`. */
  name?: string;
  /** Names of the events to trace. Default: all events except `error`. */
  events?: readonly string[];
}

export function traceEmitter<E extends EventEmitter>(emitter: E, options: EmitterOptions = {}): E {
  if (!markTraced(emitter)) return emitter;
  const prefix = options.name ?? 'events';
  const isTraced = (event: string | symbol): event is string =>
    typeof event === 'string' &&
    event !== 'error' &&
    event !== 'newListener' &&
    event !== 'removeListener' &&
    (options.events === undefined || options.events.includes(event));
  let carried: Record<string, unknown> | undefined;
  const emit = emitter.emit.bind(emitter) as (
    event: string | symbol,
    ...args: unknown[]
  ) => boolean;
  emitter.emit = (event: string | symbol, ...args: unknown[]) => {
    if (!isTraced(event)) return emit(event, ...args);
    return publishEvent(
      { type: event, destination: `${prefix}.${event}`, system: 'event_emitter' },
      (headers) => {
        const before = carried;
        carried = headers;
        try {
          return emit(event, ...args);
        } finally {
          carried = before;
        }
      },
    );
  };
  wrapListeners(emitter, (event, listener, ordinal) => {
    if (!isTraced(event)) return listener;
    const group = listener.name || (ordinal === 0 ? 'listener' : `listener-${ordinal + 1}`);
    return function (this: unknown, ...args) {
      const headers = carried;
      if (headers === undefined) return listener.apply(this, args);
      return handleOnBehalfOf(
        listener,
        { system: 'event_emitter', destination: `${prefix}.${event}`, headers, group, type: event },
        () => listener.apply(this, args),
      );
    };
  });
  return emitter;
}
