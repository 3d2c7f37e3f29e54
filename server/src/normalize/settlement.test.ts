import { expect, test } from 'vitest';
import { lastWordOf, settlementOf } from './settlement.ts';

test.each([
  // Columns: role, stated settlement, operation name, span name → settlement
  ['settle', '', '', 'ServiceBusReceiver.DeadLetter', 'dead-lettered'],
  ['settle', '', '', 'ServiceBusReceiver.Abandon', 'returned'],
  ['settle', '', '', 'ServiceBusReceiver.Complete', undefined],
  ['settle', '', '', 'orders nack', 'returned'],
  ['settle', '', 'nack', 'settle orders', 'returned'],
  ['settle', '', '', 'basic.ack', undefined],
  ['settle', 'dead_letter', '', 'settle orders', 'dead-lettered'],
  ['process', 'MoveToError', '', 'process message', 'dead-lettered'],
  ['process', 'DelayedRetry', '', 'process message', 'returned'],
  ['internal', 'nack', '', 'orders process', 'returned'],
  ['internal', 'ack', '', 'orders process', undefined],
  ['process', 'RETRY', '', 'run/charge', 'returned'],
  ['process', 'SUCCESS', '', 'run/charge', undefined],
  // The span's name is used only if the span settles a message.
  ['client', '', '', 'orders nack', undefined],
  ['process', '', '', 'orders reject', undefined],
] as const)('%s, %j, %j, %s: %s', (role, stated, operation, name, expected) => {
  expect(settlementOf(role, stated, operation, name)).toBe(expected);
});

test.each([
  ['ServiceBusReceiver.Complete', 'Complete'],
  ['sub ack', 'ack'],
  ['ack', 'ack'],
  ['', ''],
  ['a/b', 'b'],
])('the last word of %j is %j', (name, word) => {
  expect(lastWordOf(name)).toBe(word);
});
