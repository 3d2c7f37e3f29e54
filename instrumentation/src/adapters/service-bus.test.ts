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
  /** Stands for the client's receiver, without a connection. */
  createReceiver(waiting: string[]) {
    return {
      ...{ entityPath: 'invoices', receiveMode: 'peekLock', subscribe },
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
