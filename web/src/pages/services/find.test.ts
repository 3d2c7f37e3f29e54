import type { CoordinationReport } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { messagesHeadline, messagesWith, reportsWith } from './find.ts';
import type { MessageRow } from './messages.ts';

const row = (type: string, sender: string, ...listeners: string[]) =>
  ({
    ...{ type, destinations: [], senders: [sender] },
    listeners: listeners.map((service) => ({ service })),
  }) as unknown as MessageRow;

const ROWS = [
  row('MailSent', 'order-mailer', 'shop'),
  row('OrderCreated', 'shop', 'mail'),
  row('Archived', 'store'),
];

test('a message is found by its name first, then by who sends it or listens', () => {
  const found = (text: string): string[] => messagesWith(ROWS, text).map(({ type }) => type);
  expect(found('order')).toEqual(['OrderCreated', 'MailSent']);
  expect(found('MAIL')).toEqual(['MailSent', 'OrderCreated']);
  expect(found('')).toEqual(['MailSent', 'OrderCreated', 'Archived']);
});

test('the headline names what nobody listens to', () => {
  expect(messagesHeadline(ROWS)).toBe('3 types of messages. Nobody listens to Archived.');
  expect(messagesHeadline(ROWS.slice(0, 2))).toBe('2 types of messages. Somebody listens to each.');
  expect(messagesHeadline([])).toBe('No messages were sent.');
});

test('a report is found by its type, its services and its messages', () => {
  const report = (type: string, service: string) =>
    ({
      type,
      conductor: null,
      ifStops: [{ service }],
      listeners: [],
    }) as unknown as CoordinationReport;
  const all = [report('order', 'shop'), report('refund', 'bank')];
  expect(reportsWith(all, 'BANK').map(({ type }) => type)).toEqual(['refund']);
});
