import { afterEach, expect, test, vi } from 'vitest';
import { UNACKNOWLEDGED_AFTER_MS } from '../adapter-kit.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { instrumentServiceBus } from './service-bus.ts';

/** What is sent and handled is tested with the client itself, in `test/e2e/frameworks.test.ts`. */
const { spansOf } = recordTelemetry();

interface Message {
  body: string;
}
const settle = (message: Message): Promise<Message> => Promise.resolve(message);
const subscribe = (): object => ({});
class ServiceBusClient {
  close(): Promise<string> {
    return Promise.resolve('client');
  }
  /** Stands for the client's receiver, without a connection. */
  createReceiver(waiting: string[], receiveMode = 'peekLock') {
    return {
      ...{ entityPath: 'invoices', receiveMode, subscribe },
      close: () => Promise.resolve('receiver'),
      ...{ completeMessage: settle, abandonMessage: settle },
      ...{ deferMessage: settle, deadLetterMessage: settle },
      receiveMessages: async (count: number): Promise<Message[]> =>
        waiting.splice(0, count).map((body) => ({ body })),
    };
  }
}
instrumentServiceBus({ ServiceBusClient });

afterEach(() => vi.useRealTimers());

test('what was settled is awaited no longer at the next read', async () => {
  const receiver = new ServiceBusClient().createReceiver(['a', 'b', 'c']);
  vi.useFakeTimers();
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const [first, second] = (await receiver.receiveMessages(2)) as [Message, Message];
  const bodies = [first.body, second.body];
  await receiver.completeMessage(first);
  await receiver.receiveMessages(1);
  expect(bodies).toEqual(['a', 'b']);
  expect(spansOf('process')).toHaveLength(1);
  const { callback } = UNACKNOWLEDGED_AFTER_MS;
  expect(timers.mock.calls.filter(([, ms]) => ms === callback)).toHaveLength(1);
  vi.advanceTimersByTime(callback);
  const all = spansOf('process').map(
    ({ attributes }) => attributes['fermata.message.unacknowledged'],
  );
  expect(all).toEqual([undefined, true]);
});

type Act = 'read a' | 'read b' | 'complete a' | 'complete b' | 'receive' | 'close' | 'close all';
const [OWN, ALL] = ['close', 'close all'] as const;

/**
 * What is done with two messages that were received at once, and what their spans are then: ended,
 * or ended as not acknowledged after the time for that.
 */
test.each<[mode: string, acts: Act[], atOnce: number, unacknowledged: number]>([
  ['receiveAndDelete', ['read a', 'read b', OWN], 2, 0],
  ['receiveAndDelete', ['read a', 'read b', ALL], 2, 0],
  ['receiveAndDelete', ['read a', 'read b', OWN, ALL], 2, 0],
  ['receiveAndDelete', ['read a', 'read b', 'receive'], 2, 0],
  ['receiveAndDelete', ['read a', 'read b', 'receive', OWN], 2, 0],
  ['receiveAndDelete', ['read a', OWN, 'read b'], 2, 0],
  ['receiveAndDelete', [ALL, 'read a', 'read a', 'read b'], 2, 0],
  ['receiveAndDelete', ['read a', 'receive', 'read b'], 2, 0],
  ['receiveAndDelete', ['read a', OWN], 1, 0],
  ['receiveAndDelete', [OWN], 0, 0],
  ['receiveAndDelete', ['read a', 'read b'], 0, 0],
  ['peekLock', ['read a', 'read b', 'complete a', 'complete b', OWN], 2, 0],
  ['peekLock', ['read a', 'read b', 'complete a', OWN], 1, 1],
  ['peekLock', ['read a', 'read b', 'complete a', ALL], 1, 1],
  ['peekLock', ['read a', 'read b', OWN, 'complete a'], 1, 1],
  ['peekLock', [OWN, 'read a', 'complete a'], 1, 0],
  ['peekLock', ['read a', 'receive', 'read b', 'complete b'], 1, 1],
  ['peekLock', ['read a', 'read b'], 0, 0],
])('%s: %j', async (mode, acts, atOnce, unacknowledged) => {
  vi.useFakeTimers();
  const client = new ServiceBusClient();
  const receiver = client.createReceiver(['a', 'b', 'c'], mode);
  const [a, b] = (await receiver.receiveMessages(2)) as [Message, Message];
  const run: Record<Act, () => unknown> = {
    'read a': () => expect(a.body).toBe('a'),
    'read b': () => expect(b.body).toBe('b'),
    'complete a': () => receiver.completeMessage(a),
    'complete b': () => receiver.completeMessage(b),
    receive: () => receiver.receiveMessages(1),
    close: async () => expect(await receiver.close()).toBe('receiver'),
    'close all': async () => expect(await client.close()).toBe('client'),
  };
  for (const act of acts) await run[act]();
  expect(spansOf('process')).toHaveLength(atOnce);
  vi.advanceTimersByTime(600_000);
  const marks = spansOf('process').map(
    ({ attributes }) => attributes['fermata.message.unacknowledged'],
  );
  expect(marks).toHaveLength(atOnce + unacknowledged);
  expect(marks.filter((mark) => mark === true)).toHaveLength(unacknowledged);
});
