import { expect, test } from 'vitest';
import { handleMessage, publishEvent, sendCommand, startFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

recordTelemetry();
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
  // Outside of its handler the headers are the caller's own declaration, so the message keeps its
  // id.
  expect(retry!['fermata-message-id']).toBe(placeOrder!['fermata-message-id']);
  // The message was written long before it is sent, by an outbox: none is being handled.
  sendCommand({ type: 'outbox', destination: 'orders', system: 'bus', headers: placeOrder! }, keep);
  expect(sent[3]).toMatchObject({
    'fermata-message-id': placeOrder!['fermata-message-id'],
    'fermata-message-type': 'PlaceOrder',
  });
});
