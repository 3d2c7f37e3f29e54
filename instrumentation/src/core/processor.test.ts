import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordTelemetry } from '../testing/telemetry.ts';
import { withFlow } from './flow-context.ts';
import { FlowSpanProcessor } from './processor.ts';

const { spans } = recordTelemetry();
const foreign = trace.getTracer('somebody else');

test('every span is stamped with the flow of its context; one that names its own keeps it', () => {
  const named = { attributes: { 'fermata.flow.id': 'its own' } };
  foreign.startSpan('outside').end();
  withFlow({ id: 'order-13', keys: { order: '13' } }, () => {
    foreign.startSpan('plain').end();
    foreign.startSpan('named', named).end();
  });
  expect(spans().map(({ attributes }) => attributes)).toEqual([
    {},
    {
      'fermata.flow.id': 'order-13',
      'fermata.flow.source': 'ambient',
      'fermata.flow.key.order': '13',
    },
    named.attributes,
  ]);
});

test('it holds nothing back: flushing and shutting down are done at once', async () => {
  const processor = new FlowSpanProcessor();
  processor.onEnd();
  await Promise.all([processor.forceFlush(), processor.shutdown()]);
});
