import { logs, NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { flush, startFlow, step } from '../index.ts';

test('without an SDK there is nothing to send', async () => {
  await expect(flush()).resolves.toBeUndefined();
});

test('spans and events that wait for their batch are sent, though one exporter fails', async () => {
  const exporter = new InMemorySpanExporter();
  const events = new logs.InMemoryLogRecordExporter();
  const refusing = new InMemorySpanExporter();
  refusing.export = (_spans, done) => done({ code: 1, error: new Error('refused') });
  const batch = (to: InMemorySpanExporter) =>
    new BatchSpanProcessor({ exporter: to, scheduledDelayMillis: 600_000 });
  const sdk = new NodeSDK({
    spanProcessors: [batch(refusing), batch(exporter)],
    logRecordProcessors: [
      new logs.BatchLogRecordProcessor({ exporter: events, scheduledDelayMillis: 600_000 }),
    ],
    metricReaders: [],
    autoDetectResources: false,
  });
  sdk.start();
  startFlow({ id: 'f' }, () => step('charge', () => undefined));
  expect([exporter.getFinishedSpans(), events.getFinishedLogRecords()]).toEqual([[], []]);
  await flush();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['charge']);
  expect(events.getFinishedLogRecords().map(({ eventName }) => eventName)).toEqual([
    'fermata.flow.started',
    'fermata.step.started',
  ]);
  await sdk.shutdown();
});
