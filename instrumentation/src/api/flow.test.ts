import { trace, type Span } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import {
  cancelFlow,
  compensatedFlow,
  completeFlow,
  expectStep,
  failFlow,
  heartbeat,
  startFlow,
} from './flow.ts';

const { milestones, spans } = recordTelemetry();
const eventsSaid = () =>
  milestones
    .getFinishedLogRecords()
    .map(({ eventName, attributes }) => ({ eventName, ...attributes }));
test('starting a flow names the span that it starts in', () => {
  trace.getTracer('t').startActiveSpan('request', (span: Span) => {
    startFlow({ id: 'order-3' }, () => undefined);
    span.end();
  });
  expect(spans()[0]!.attributes).toMatchObject({
    'fermata.flow.id': 'order-3',
    'fermata.flow.source': 'explicit',
  });
});

test('a flow says at once that it starts, lives, waits and has ended', () => {
  const say = (end: () => void) => {
    milestones.reset();
    startFlow({ id: 'order-8', type: 'order' }, end);
    return eventsSaid();
  };
  const flow = { 'fermata.flow.id': 'order-8', 'fermata.flow.type': 'order' };
  const [started, ended] = say(completeFlow);
  expect(started).toMatchObject({ ...flow, eventName: 'fermata.flow.started' });
  expect(ended).toMatchObject({
    ...flow,
    eventName: 'fermata.flow.completed',
    'fermata.flow.outcome': 'completed',
  });
  expect(say(() => failFlow(new TypeError('no stock')))[1]).toMatchObject({
    eventName: 'fermata.flow.failed',
    'fermata.flow.outcome': 'failed',
    'error.type': 'TypeError',
    'exception.message': 'no stock',
  });
  expect(say(cancelFlow)[1]).toMatchObject({
    eventName: 'fermata.flow.cancelled',
    'fermata.flow.outcome': 'cancelled',
  });
  expect(say(compensatedFlow)[1]).toMatchObject({
    eventName: 'fermata.flow.failed',
    'fermata.flow.outcome': 'compensated',
  });
  expect(say(() => heartbeat({ page: 7 }))[1]).toMatchObject({
    ...flow,
    eventName: 'fermata.flow.heartbeat',
    page: 7,
  });
  expect(say(() => expectStep('ship', 1234))[1]).toMatchObject({
    ...flow,
    eventName: 'fermata.flow.expects',
    'fermata.step.name': 'ship',
    'fermata.step.deadline': 1234,
  });
});

test('a flow that starts within another names it as its parent', () => {
  startFlow({ id: 'order-9', type: 'order' }, () => startFlow({ id: 'refund-1' }, () => undefined));
  expect(eventsSaid()[1]).toMatchObject({
    'fermata.flow.id': 'refund-1',
    'fermata.flow.parent.id': 'order-9',
    'fermata.flow.parent.type': 'order',
  });
});
