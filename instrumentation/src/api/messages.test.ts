import { expect, test } from 'vitest';
import { currentFlow } from '../core/flow-context.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { startFlow } from './flow.ts';
import { handleMessage, publishEvent, reply, sendCommand } from './messages.ts';
import { step } from './step.ts';

const { spans } = recordTelemetry();
test('a routing slip travels, and each stop takes itself off it', () => {
  let headers: Record<string, unknown> = {};
  const itinerary = ['resize', 'watermark', 'store'];
  startFlow({ id: 'image-1' }, () =>
    publishEvent(
      { type: 'Image', destination: 'images', system: 'bus', itinerary },
      (given) => (headers = given),
    ),
  );
  handleMessage({ destination: 'images', system: 'bus', headers }, ({ itinerary: slip }) =>
    expect(slip).toEqual(itinerary),
  );
  expect(spans().map((span) => span.attributes['fermata.itinerary'])).toEqual([
    'resize,watermark,store',
    'watermark,store',
  ]);
});

test('a message carries its flow: the consumer’s span links to the sender’s and names the flow as the message’s', async () => {
  let headers: Record<string, unknown> = {};
  startFlow({ id: 'order-1', type: 'order', keys: { customer: 'c' } }, () =>
    publishEvent(
      { type: 'OrderCreated', destination: 'orders', system: 'kafka' },
      (given) => (headers = given),
    ),
  );
  const buffers = Object.fromEntries(
    Object.entries(headers).map(([k, v]) => [k, Buffer.from(v as string)]),
  );
  await handleMessage(
    { destination: 'orders', system: 'kafka', headers: buffers, group: 'g' },
    async () => {
      await Promise.resolve();
      expect(currentFlow()).toMatchObject({ id: 'order-1', type: 'order' });
      step('inner', () => undefined);
    },
  );
  const [send, inner, process] = spans();
  expect(process!.links[0]!.context.spanId).toBe(send!.spanContext().spanId);
  expect(process!.spanContext().traceId).not.toBe(send!.spanContext().traceId);
  expect(process!.attributes).toMatchObject({
    'fermata.flow.id': 'order-1',
    'fermata.flow.source': 'message',
    'fermata.message.type': 'OrderCreated',
    'messaging.consumer.group.name': 'g',
  });
  expect(inner!.attributes).toMatchObject({
    'fermata.flow.id': 'order-1',
    'fermata.flow.source': 'ambient',
    'fermata.step.name': 'inner',
  });
  expect(send!.attributes['messaging.message.id']).toBe(
    process!.attributes['messaging.message.id'],
  );
});

test.each([
  ['event', publishEvent],
  ['command', sendCommand],
  ['reply', reply],
] as const)('the message and its span say that it is of kind %s', (kind, send) => {
  const message = { type: 'T', destination: 'd', system: 's' };
  const headers = startFlow({ id: 'order-12' }, () => send(message, (given) => given));
  expect(headers['fermata-message-kind']).toBe(kind);
  expect(spans()[0]!.attributes['fermata.message.kind']).toBe(kind);
});
