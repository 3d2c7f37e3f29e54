import type { EventEmitter } from 'node:events';
import { markTraced } from '../internal.ts';
import { handleMessage, publishEvent } from '../messages.ts';

/**
 * A plain EventEmitter as a bus inside one process: an emitted event is a message, each listener its consumer. `group`
 * names a listener (default: its function's name), so that attempts of one are not taken for another's.
 */
export interface EmitterOptions {
  /** What the events are sent to; default `events`. */
  name?: string;
  /** Only these; default: all but `error`. */
  events?: readonly string[];
}

type Listener = (...args: unknown[]) => unknown;

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
  const emit = emitter.emit.bind(emitter) as (event: string | symbol, ...args: unknown[]) => boolean;
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
  let adding = false;
  const wrapped = new WeakMap<Listener, Listener>();
  const wrap = (event: string | symbol, listener: Listener): Listener => {
    if (!isTraced(event)) return listener;
    const known = wrapped.get(listener);
    if (known) return known;
    const group = listener.name || 'listener';
    const traced: Listener = function (this: unknown, ...args) {
      const headers = carried;
      if (headers === undefined) return listener.apply(this, args);
      return handleMessage(
        { system: 'event_emitter', destination: `${prefix}.${event}`, headers, group, type: event },
        () => listener.apply(this, args),
      );
    };
    // `off(event, listener)` finds it by this.
    (traced as Listener & { listener: Listener }).listener = listener;
    wrapped.set(listener, traced);
    return traced;
  };
  for (const method of ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const) {
    const add = emitter[method].bind(emitter) as (event: string | symbol, listener: Listener) => E;
    emitter[method] = ((event: string | symbol, listener: Listener) => {
      // `once` adds by `on`: what it adds is wrapped already.
      if (adding) return add(event, listener);
      adding = true;
      try {
        return add(event, wrap(event, listener));
      } finally {
        adding = false;
      }
    }) as never;
  }
  for (const method of ['off', 'removeListener'] as const) {
    const remove = emitter[method].bind(emitter) as (event: string | symbol, listener: Listener) => E;
    emitter[method] = ((event: string | symbol, listener: Listener) =>
      remove(event, wrapped.get(listener) ?? listener)) as never;
  }
  return emitter;
}
