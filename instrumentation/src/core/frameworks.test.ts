import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { handleMessage, publishEvent, sendCommand, startFlow } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';
import { endFailed, noteFailure } from './end-span.ts';
import {
  declareSending,
  declareStep,
  holdEnd,
  isTaken,
  takeDelivery,
  withoutTracing,
} from './frameworks.ts';
import { startProcessing, startSending } from './message-spans.ts';
import { beginHandling, endAccepted, endRefused } from './settling.ts';

const { spans, spansOf } = recordTelemetry();
const queue = { destination: 'users', system: 'bus' };
const handling = { kind: 'command', type: 'sum', step: 'sum' } as const;

test('what a framework declares holds for the next message, and for no other', () => {
  let sent: Record<string, unknown> = {};
  declareSending({ kind: 'reply', type: 'sum.reply' }, () => {
    sendCommand({ ...queue, type: 'users' }, (headers) => (sent = headers));
    sendCommand({ ...queue, type: 'users' }, () => undefined);
  });
  expect(sent).toMatchObject({
    'fermata-message-kind': 'reply',
    'fermata-message-type': 'sum.reply',
  });
  expect(spans().map((span) => [span.name, span.attributes['fermata.message.kind']])).toEqual([
    ['send sum.reply', 'reply'],
    ['send users', 'command'],
  ]);
  // A type in the application's own headers takes precedence over the framework's declaration.
  declareSending({ kind: 'event', type: 'framework' }, () =>
    publishEvent({ ...queue, type: 'users', headers: { 'fermata-message-type': 'own' } }, (own) =>
      expect(own['fermata-message-type']).toBe('own'),
    ),
  );
});

test('a framework that made the span itself lets the client carry it: one span, one message', () => {
  const sending = startSending('event', { ...queue, type: 'user_created' });
  declareSending({ kind: 'event', type: 'user_created', sending }, () =>
    sendCommand({ ...queue, type: 'users', headers: { own: '1' } }, (headers) =>
      expect(headers).toEqual({ own: '1', ...sending.headers }),
    ),
  );
  sending.span.end();
  expect(spans().map((span) => span.name)).toEqual(['send users']);
});

test('a delivery is taken over once; headers of a traced sender say what the message is', () => {
  const headers = { 'fermata-message-type': 'sum.of', 'fermata-message-kind': 'event' };
  handleMessage(queue, () => {
    const span = trace.getActiveSpan();
    expect([takeDelivery(span, handling), takeDelivery(span, handling)]).toEqual([true, false]);
    expect(isTaken(span)).toBe(true);
  });
  handleMessage({ ...queue, headers }, () => takeDelivery(trace.getActiveSpan(), handling));
  expect(takeDelivery(undefined, handling)).toBe(false);
  const named = spans().map(({ attributes }) => [
    attributes['fermata.step.name'],
    attributes['fermata.message.type'],
    attributes['fermata.message.kind'],
  ]);
  expect(named).toEqual([
    ['sum', 'sum', 'command'],
    ['sum', 'sum.of', 'event'],
  ]);
});

test('a held span ends when it is let go, and a failure that comes meanwhile is its own', async () => {
  let letGo: ReturnType<typeof holdEnd> | undefined;
  await handleMessage(queue, async () => {
    letGo = holdEnd(trace.getActiveSpan()!);
  });
  expect(spans()).toHaveLength(0);
  letGo!({ error: { status: 'error', message: 'no address' } });
  letGo!();
  expect(spans().map(({ status }) => status)).toEqual([
    { code: SpanStatusCode.ERROR, message: 'no address' },
  ]);
});

test('an acknowledgement and a crash end a span that is held', () => {
  for (const end of [
    endAccepted,
    (span: Parameters<typeof endAccepted>[0]) => endFailed(span, new Error('crash')),
  ]) {
    const { span } = startProcessing(queue);
    const letGo = holdEnd(span);
    end(span);
    letGo({ error: new Error('too late') });
  }
  expect(spans().map(({ status }) => status.message)).toEqual([undefined, 'crash']);
});

test.each([
  ['before it returns an Observable', true],
  ['while its Observable goes on', false],
])('a handler that refuses %s: what the Observable throws then is the error', (_when, isEarly) => {
  const { span } = startProcessing(queue);
  const endCallback = beginHandling(span);
  if (isEarly) endRefused(span, true);
  const letGo = holdEnd(span);
  endCallback();
  if (!isEarly) endRefused(span, true);
  expect(spans()).toHaveLength(0);
  letGo({ error: new Error('no stock') });
  expect(spans().map(({ status }) => status.message)).toEqual(['no stock']);
});

test('a refusal is what is told of an Observable that then completes', () => {
  const { span } = startProcessing(queue);
  const letGo = holdEnd(span);
  endRefused(span, false);
  letGo();
  expect(spans().map(({ status }) => status.message)).toEqual(['nacked']);
});

test('the first failure is what is told: the refusal that follows from it is not', () => {
  const { span } = startProcessing(queue);
  noteFailure(span, new Error('card refused'));
  noteFailure(span, new Error('Internal server error'));
  endRefused(span, true);
  expect(spans()[0]!.status.message).toBe('card refused');
  expect(spans()[0]!.events).toHaveLength(1);
});

test('without tracing nothing is recorded, and messages stay as they are', () => {
  startFlow({ id: 'order-1' }, () =>
    withoutTracing(() => {
      publishEvent({ ...queue, type: 'INFO', headers: { own: '1' } }, (headers) =>
        expect(headers).toEqual({ own: '1' }),
      );
      const before = context.active();
      handleMessage(queue, () => expect(context.active()).toBe(before));
    }),
  );
  expect([...spansOf('send'), ...spansOf('process')]).toEqual([]);
});

test('a delivery to a group whose step is known is of that step, also outside its handler', () => {
  declareStep('orders', 'billing', 'charge');
  const stepOf = (group: string, step?: string): unknown => {
    const message = { ...queue, destination: 'orders', group, ...(step !== undefined && { step }) };
    handleMessage(message, () => undefined);
    return spans().at(-1)!.attributes['fermata.step.name'];
  };
  expect(stepOf('billing')).toBe('charge');
  expect(stepOf('billing', 'own')).toBe('own');
  expect(stepOf('shipping')).toBeUndefined();
});
