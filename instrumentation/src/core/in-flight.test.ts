import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { preciseNow } from './clock.ts';
import { announceDeliveries, enterDelivery, failDeliveries } from './in-flight.ts';
import { startProcessing } from './message-spans.ts';
import { tracer } from './tracer.ts';

const { milestones, spans } = recordTelemetry();
const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const message = { system: 'rabbitmq', destination: 'orders', type: 'orders', headers };
const announced = () => milestones.getFinishedLogRecords();

test('a delivery is announced once, with the time at which it began and the names that it has by now', () => {
  const { span } = startProcessing(message);
  const began = preciseNow();
  span.setAttribute('fermata.step.name', 'charge card');
  span.setAttribute('fermata.message.type', 'OrderPlaced');
  announceDeliveries();
  announceDeliveries();
  span.end();
  const [event, ...others] = announced();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    eventName: 'fermata.step.started',
    spanContext: { spanId: span.spanContext().spanId },
    attributes: {
      'fermata.step.name': 'charge card',
      'fermata.message.type': 'OrderPlaced',
      'fermata.message.creation': '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
    },
  });
  const ms = ([seconds, nanos]: [number, number]): number => seconds * 1e3 + nanos / 1e6;
  expect(ms(event!.hrTime)).toBeGreaterThanOrEqual(ms(spans()[0]!.startTime));
  expect(ms(event!.hrTime)).toBeLessThanOrEqual(began);
});

test('one that has ended is not announced, nor one that began after the time given', () => {
  startProcessing(message).span.end();
  const { span } = startProcessing(message);
  announceDeliveries(0);
  expect(announced()).toEqual([]);
  span.end();
});

test('when the process dies, what is being handled failed', () => {
  startProcessing(message);
  failDeliveries(new TypeError('it was poison'));
  expect(spans()).toMatchObject([{ status: { message: 'it was poison' } }]);
  announceDeliveries();
  expect(announced()).toEqual([]);
});

test('what is known only by then goes onto the event, and onto the span of what was lost', () => {
  const enter = (more: () => { 'http.route': string } | undefined) => {
    const span = tracer().startSpan('GET');
    enterDelivery(span, ROOT_CONTEXT, {}, undefined, more);
    return span;
  };
  enter(() => ({ 'http.route': '/orders/:id' }));
  const streaming = enter(() => undefined);
  announceDeliveries();
  expect(announced().map(({ attributes }) => attributes['http.route'])).toEqual(['/orders/:id']);
  failDeliveries(new Error('the process ended'));
  expect(spans().map(({ attributes }) => attributes['http.route'])).toEqual([
    '/orders/:id',
    undefined,
  ]);
  // The streaming response was still running when the process ended, so its span ends without an
  // error.
  expect(streaming.isRecording()).toBe(false);
  expect(spans().map(({ status }) => status.message)).toEqual(['the process ended', undefined]);
});
