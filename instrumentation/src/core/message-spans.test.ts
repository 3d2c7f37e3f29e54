import { expect, test } from 'vitest';
import { handleMessage, publishEvent, sendCommand, startFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { startProcessing } from './message-spans.ts';

const { spansOf } = recordTelemetry();
test('headers passed on from the message being handled say nothing of the new one', () => {
  const sent: Record<string, unknown>[] = [];
  const keep = (headers: Record<string, unknown>): unknown => sent.push(headers);
  const order = {
    type: 'PlaceOrder',
    destination: 'orders',
    system: 'bus',
    itinerary: ['here', 'there'],
  };
  startFlow({ id: 'order-5' }, () => sendCommand({ ...order, headers: { tenant: 't1' } }, keep));
  const received = { destination: 'orders', system: 'bus', headers: sent[0]! };
  handleMessage(received, () => {
    publishEvent(
      { type: 'OrderPlaced', destination: 'placed', system: 'bus', headers: sent[0]! },
      keep,
    );
    const again = { type: 'PlaceOrder', id: String(sent[0]!['fermata-message-id']) };
    sendCommand({ ...again, destination: 'retry', system: 'bus', headers: sent[0]! }, keep);
  });
  const [placeOrder, orderPlaced, retry] = sent;
  expect(orderPlaced).toMatchObject({
    tenant: 't1',
    'fermata-flow-id': 'order-5',
    'fermata-message-type': 'OrderPlaced',
    'fermata-message-kind': 'event',
    'fermata-causation-id': placeOrder!['fermata-message-id'],
  });
  expect(orderPlaced).not.toHaveProperty('fermata-itinerary');
  expect(orderPlaced!['fermata-message-id']).not.toBe(placeOrder!['fermata-message-id']);
  // The caller passed the id explicitly, so the message keeps it.
  expect(retry!['fermata-message-id']).toBe(placeOrder!['fermata-message-id']);
  // The headers are stored by an outbox and sent later, when no message is being handled.
  startFlow({ id: 'order-6' }, () => publishEvent({ ...order, type: 'Stored' }, keep));
  const stored = sent[3]!;
  sendCommand({ type: 'outbox', destination: 'orders', system: 'bus', headers: stored }, keep);
  expect(sent[4]).toMatchObject({
    'fermata-message-id': stored['fermata-message-id'],
    'fermata-message-type': 'Stored',
  });
});

test('what a library sends again when the handler is gone follows from the handling, which failed', () => {
  const sent: Record<string, unknown>[] = [];
  const keep = (headers: Record<string, unknown>): unknown => sent.push(headers);
  const queue = { destination: 'billing', system: 'bus' };
  const order = { ...queue, type: 'order.created' };
  startFlow({ id: 'order-7' }, () => publishEvent(order, keep));
  const first = startProcessing({ ...queue, headers: sent[0]! });
  sendCommand({ ...queue, type: 'billing', headers: sent[0]!, failure: 'card refused' }, keep);
  first.span.end();
  const second = startProcessing({ ...queue, headers: sent[1]! });
  sendCommand({ ...queue, type: 'billing', headers: sent[1]! }, keep);
  second.span.end();
  const third = startProcessing({ ...queue, headers: sent[2]! });
  publishEvent({ ...queue, destination: 'archive', type: 'archived', headers: sent[2]! }, keep);
  third.span.end();
  expect(spansOf('process').map(({ status }) => status.message)).toEqual([
    'card refused',
    'sent to billing again',
    undefined,
  ]);
  const told = (name: string): unknown[] => sent.map((headers) => headers[`fermata-${name}`]);
  expect(told('message-type')).toEqual([...Array<string>(3).fill('order.created'), 'archived']);
  expect(told('flow-id')).toEqual(Array<string>(4).fill('order-7'));
  // The message keeps its id when it is resent; only the message to `archive` gets a new one.
  const [id, ...ids] = told('message-id');
  expect(ids.slice(0, 2)).toEqual([id, id]);
  expect(ids[2]).not.toBe(id);
  expect(told('causation-id')).toEqual([undefined, undefined, undefined, id]);
});
