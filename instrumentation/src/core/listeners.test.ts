import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { wrapListeners } from './listeners.ts';

function wrapped() {
  const emitter = new EventEmitter();
  const seen: string[] = [];
  wrapListeners(emitter, (event, listener, ordinal) => {
    if (event === 'untouched') return listener;
    return (...args) => {
      seen.push(`${String(event)} ${ordinal}`);
      return listener(...args);
    };
  });
  return { emitter, seen };
}
const listener = (): void => undefined;

test('each way of adding a listener is wrapped; removing finds what was added', () => {
  const { emitter, seen } = wrapped();
  emitter.on('a', listener).addListener('a', listener).prependListener('a', listener);
  expect(emitter.listeners('a')).toEqual([listener, listener, listener]);
  emitter.emit('a');
  expect(seen).toEqual(['a 2', 'a 0', 'a 1']);
  emitter.off('a', listener).removeListener('a', listener).off('a', listener);
  expect(emitter.listenerCount('a')).toBe(0);
});

test('what is added for one event is called for one, and can be removed before', () => {
  const { emitter, seen } = wrapped();
  emitter.once('a', listener).prependOnceListener('a', listener).once('b', listener);
  emitter.off('b', listener).emit('b');
  emitter.emit('a');
  emitter.emit('a');
  expect(seen).toEqual(['a 1', 'a 0']);
});

test('a listener that does not matter, and what is none, go through as they are', () => {
  const { emitter, seen } = wrapped();
  emitter.on('untouched', listener).emit('untouched');
  expect([seen, emitter.rawListeners('untouched')]).toEqual([[], [listener]]);
  expect(() => emitter.on('a', 'no listener' as never)).toThrow(TypeError);
});
