import { expect, test } from 'vitest';
import {
  handleMessage,
  publishEvent,
  resumeContext,
  saveContext,
  startFlow,
  step,
} from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

const { spans } = recordTelemetry();
const relay = { store: 'outbox', type: 'order.created', attempt: 2 };

test.each([
  ['as an object', (saved: object) => saved],
  ['as text', (saved: object) => JSON.stringify(saved)],
])('what is stored %s is taken up again in its flow, linked to where it was stored', (_, store) => {
  const row = startFlow({ id: 'order-1', type: 'order' }, () => step('place', () => saveContext()));
  const sent = resumeContext(store(row), relay, () =>
    publishEvent(
      { type: 'order.created', destination: 'orders', system: 's' },
      (headers) => headers,
    ),
  );
  const [place, send, relayed] = spans();
  expect(relayed).toMatchObject({
    name: 'process outbox',
    attributes: {
      'messaging.system': 'store',
      'messaging.destination.name': 'outbox',
      'fermata.message.type': 'order.created',
      'fermata.step.attempt': 2,
      'fermata.flow.id': 'order-1',
    },
    links: [{ context: { spanId: place!.spanContext().spanId } }],
  });
  expect(send!.parentSpanContext?.spanId).toBe(relayed!.spanContext().spanId);
  expect(sent['fermata-flow-id']).toBe('order-1');
});

test('what a handler stores is caused by its message', () => {
  const message = { system: 's', destination: 'd', id: 'm1' };
  const row = handleMessage(message, () => saveContext());
  expect(row['fermata-causation-id']).toBe('m1');
});

test.each([undefined, null, 7, 'no JSON', '"text"', '{}'])(
  'with %j stored, the work runs, and its error is the application’s',
  (saved) => {
    expect(resumeContext(saved, relay, () => 'done')).toBe('done');
    const failure = new Error('broker away');
    expect(() =>
      resumeContext(saved, relay, () => {
        throw failure;
      }),
    ).toThrow(failure);
  },
);
