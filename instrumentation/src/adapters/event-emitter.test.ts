import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { currentFlow, startFlow } from '../index.ts';
import { flowIdOf, recordTelemetry } from '../testing/telemetry.ts';
import { traceEmitter } from './event-emitter.ts';

const { exporter, spansOf, joined } = recordTelemetry();

test('each listener consumes; `off` finds what `on` was given; results and errors are the listener’s', () => {
  const emitter = traceEmitter(new EventEmitter(), { name: 'orders' });
  const seen: string[] = [];
  const first = (id: string): void => void seen.push(`first ${id} ${currentFlow()?.id}`);
  emitter.on('created', first);
  emitter.once('created', function second(id: string) {
    seen.push(`second ${id}`);
  });
  expect(startFlow({ id: 'e' }, () => emitter.emit('created', '1'))).toBe(true);
  expect(emitter.emit('created', '2')).toBe(true);
  expect(seen).toEqual(['first 1 e', 'second 1', 'first 2 undefined']);
  emitter.off('created', first);
  expect(emitter.emit('created', '3')).toBe(false);
  expect(joined().map(([sent, handled]) => [flowIdOf(sent), flowIdOf(handled)])).toEqual([
    ['e', 'e'],
    ['e', 'e'],
    [undefined, undefined],
  ]);
  const both = (): void => undefined;
  emitter.on('paid', both);
  emitter.on('sent', both);
  exporter.reset();
  emitter.emit('paid');
  emitter.emit('sent');
  expect(spansOf('process').map((span) => span.attributes['messaging.destination.name'])).toEqual([
    'orders.paid',
    'orders.sent',
  ]);
  expect(emitter.listeners('paid')).toEqual([both]);
  emitter.once('paid', both).off('paid', both);
  const [raw] = emitter.rawListeners('paid');
  emitter.on('again', raw as () => void);
  exporter.reset();
  emitter.emit('again');
  expect(spansOf('process')).toHaveLength(1);
  emitter.removeListener('paid', both);
  expect([emitter.listenerCount('paid'), emitter.listenerCount('sent')]).toEqual([0, 1]);
  emitter.on('bad', () => {
    throw new Error('mine');
  });
  expect(() => emitter.emit('bad')).toThrow('mine');
});
