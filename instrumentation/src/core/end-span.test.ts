import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { traceEmitter } from '../adapters/event-emitter.ts';
import { failFlow, handleMessage, publishEvent, startFlow, step } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

const { spans } = recordTelemetry();
const message = { type: 'T', destination: 'd', system: 's' };
test('a throwing handler is seen by the host as if we were not there, and by us as failed', async () => {
  const failure = new Error('boom');
  await expect(
    handleMessage({ destination: 'd', system: 's' }, () => Promise.reject(failure)),
  ).rejects.toBe(failure);
  expect(spans()[0]!.status.message).toBe('boom');
});

test('a rejection that nobody handles is heard of as without us, one that is handled is not heard of twice', async () => {
  const unhandled: unknown[] = [];
  const heard = (error: Error): void => void unhandled.push(error.message);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', heard);
  const failing = async (name: string): Promise<void> => {
    await Promise.resolve();
    throw new Error(name);
  };
  void step('s', async () => failing('step'));
  void handleMessage(message, async () => failing('handler'));
  void publishEvent(message, async () => failing('send'));
  const listener: () => unknown = async () => failing('listener');
  traceEmitter(new EventEmitter()).on('e', listener).emit('e');
  await step('s', async () => failing('awaited')).catch(() => undefined);
  // `step` returns this very promise. Its rejection is handled here, so no unhandled rejection may
  // be reported for it.
  const handled = failing('handled');
  handled.catch(() => undefined);
  expect(step('s', () => handled)).toBe(handled);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('unhandledRejection', heard);
  for (const other of others) process.on('unhandledRejection', other);
  expect(unhandled).toEqual(['step', 'handler', 'send', 'listener']);
  expect(spans().filter(({ status }) => status.code === SpanStatusCode.ERROR)).toHaveLength(6);
});

test('what was thrown reaches the caller, even if it cannot be made a text', async () => {
  const odd: unknown = Object.create(null);
  const thrown = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  expect(
    thrown(() =>
      step('s', () => {
        throw odd;
      }),
    ),
  ).toBe(odd);
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  await expect(step('s', () => Promise.reject(odd))).rejects.toBe(odd);
  expect(spans().map((span) => span.status.code)).toEqual([
    SpanStatusCode.ERROR,
    SpanStatusCode.ERROR,
  ]);
  startFlow({ id: 'order-6' }, () => {
    for (const error of [odd, Symbol('s'), { code: 'E' }]) failFlow(error);
  });
});

test('an error is recorded without the calls of this package; the error itself keeps them', () => {
  const failure = new Error('refused\nat 5 % of the price');
  const own = fileURLToPath(new URL('..', import.meta.url));
  const stack = [
    'Error: refused',
    'at 5 % of the price',
    '    at charge (/app/card.js:3:9)',
    `    at handle (${own}adapters/amqplib.js:79:34)`,
    '    at AsyncLocalStorage.run (node:async_hooks:346:14)',
    `    at watchWork (${own}core/end-span.js:33:36)`,
    '    at Channel.dispatchMessage (/app/node_modules/amqplib/lib/channel.js:485:14)',
  ].join('\n');
  failure.stack = stack;
  expect(() =>
    handleMessage({ destination: 'd', system: 's' }, () => {
      throw failure;
    }),
  ).toThrow(failure);
  expect(failure.stack).toBe(stack);
  expect(spans()[0]!.events[0]!.attributes).toMatchObject({
    'exception.type': 'Error',
    'exception.message': 'refused\nat 5 % of the price',
    'exception.stacktrace': [
      'Error: refused',
      'at 5 % of the price',
      '    at charge (/app/card.js:3:9)',
      '    at AsyncLocalStorage.run (node:async_hooks:346:14)',
      '    at Channel.dispatchMessage (/app/node_modules/amqplib/lib/channel.js:485:14)',
    ].join('\n'),
  });
});
