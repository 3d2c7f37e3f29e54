import { logs, NodeSDK } from '@opentelemetry/sdk-node';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { FlowSpanProcessor } from '../index.ts';

/** Runs an SDK for the tests of a file or of a `describe`. Records are cleared before each test. */
export function recordTelemetry() {
  const exporter = new InMemorySpanExporter();
  const milestones = new logs.InMemoryLogRecordExporter();
  const sdk = new NodeSDK({
    spanProcessors: [new FlowSpanProcessor(), new SimpleSpanProcessor({ exporter })],
    logRecordProcessors: [new logs.SimpleLogRecordProcessor({ exporter: milestones })],
    metricReaders: [],
    // Resource detection is off, because it is asynchronous and would delay the first exports.
    autoDetectResources: false,
  });
  beforeAll(() => sdk.start());
  beforeEach(() => {
    exporter.reset();
    milestones.reset();
  });
  afterAll(() => sdk.shutdown());
  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const spansOf = (operation: string): ReadableSpan[] =>
    spans().filter((span) => span.attributes['messaging.operation.type'] === operation);
  /**
   * Returns pairs of a send span and a process span, where the process span links to the send span
   * or is its child.
   */
  const joined = (): [send: ReadableSpan, process: ReadableSpan][] =>
    spansOf('process').map((handled) => {
      const creation = handled.links[0]?.context.spanId ?? handled.parentSpanContext?.spanId;
      return [spansOf('send').find((sent) => sent.spanContext().spanId === creation)!, handled];
    });
  return { exporter, milestones, spans, spansOf, joined };
}

export const flowIdOf = (span: ReadableSpan): unknown => span.attributes['fermata.flow.id'];

export async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; !holds();) {
    if (Date.now() > deadline) throw new Error('it did not come');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
