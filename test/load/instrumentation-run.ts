import { context, propagation, SpanKind, trace, type Link } from '@opentelemetry/api';
import { FlowSpanProcessor, handleMessage, publishEvent, withFlow } from '@fermata/instrumentation';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * Runs `npm run bench:instrumentation`: CPU per message to publish and to consume, over the cost of
 * plain OpenTelemetry (a span, its messaging attributes, inject or extract). Rounds alternate, the
 * median counts; only the ratio is comparable between machines. Each message has an id and headers
 * of its own, and ended spans are held for a while as a batch processor holds them, because what
 * outlives its message costs the garbage collector time.
 */
const BATCH = 2_048;
let held: ReadableSpan[] = [];
let ended = 0;
const counting: SpanProcessor = {
  onStart: () => undefined,
  onEnd: (span) => {
    ended++;
    if (held.push(span) === BATCH) held = [];
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
const sdk = new NodeSDK({
  spanProcessors: [new FlowSpanProcessor(), counting],
  logRecordProcessors: [],
  metricReaders: [],
  autoDetectResources: false,
});
sdk.start();
const tracer = trace.getTracer('bench');
const MESSAGES = 20_000;
const ROUNDS = 15;

const DIFFERENT = 5_000;
const ids = Array.from({ length: DIFFERENT }, (_, i) => `m-${i}`);

const attributes = (operation: string, id: string) => ({
  'messaging.system': 'kafka',
  'messaging.destination.name': 'orders',
  'messaging.operation.type': operation,
  'messaging.operation.name': operation,
  'messaging.message.id': id,
});
/**
 * Publishes a message with plain OpenTelemetry, in the way that the semantic conventions ask for.
 */
const plainPublish = (id: string): Record<string, string> => {
  const headers: Record<string, string> = {};
  const span = tracer.startSpan('send orders', {
    kind: SpanKind.PRODUCER,
    attributes: attributes('send', id),
  });
  const ctx = trace.setSpan(context.active(), span);
  context.with(ctx, () => propagation.inject(ctx, headers));
  span.end();
  return headers;
};
const plainConsume = (headers: Record<string, string>, id: string): void => {
  const ctx = propagation.extract(context.active(), headers);
  const creation = trace.getSpanContext(ctx);
  const links: Link[] = creation ? [{ context: creation }] : [];
  const span = tracer.startSpan(
    'process orders',
    { kind: SpanKind.CONSUMER, root: true, links, attributes: attributes('process', id) },
    ctx,
  );
  context.with(trace.setSpan(ctx, span), () => undefined);
  span.end();
};
const ourPublish = (id: string): Record<string, string> =>
  publishEvent(
    { type: 'OrderCreated', destination: 'orders', system: 'kafka', id },
    (headers) => headers,
  ) as Record<string, string>;
const ourConsume = (headers: Record<string, string>): void =>
  handleMessage({ destination: 'orders', system: 'kafka', headers }, () => undefined);

const flow = { id: 'order-42', type: 'order' };
const [plainHeaders, ourHeaders] = withFlow(flow, () => [
  ids.map(plainPublish),
  ids.map(ourPublish),
]);
const cases: Record<string, (i: number) => void> = {
  'plain publish': (i) => void plainPublish(ids[i]!),
  'our publish': (i) => void ourPublish(ids[i]!),
  'plain consume': (i) => plainConsume(plainHeaders[i]!, ids[i]!),
  'our consume': (i) => ourConsume(ourHeaders[i]!),
};
const times: Record<string, number[]> = {};
withFlow(flow, () => {
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, work] of Object.entries(cases)) {
      const before = process.cpuUsage();
      for (let i = 0; i < MESSAGES; i++) work(i % DIFFERENT);
      const { user, system } = process.cpuUsage(before);
      // The first three rounds are not counted, because the code is not optimized yet.
      if (round >= 3) (times[name] ??= []).push((user + system) / MESSAGES);
    }
});
const median = (list: number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
const us = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
console.table(
  Object.fromEntries(
    ['publish', 'consume'].map((what) => [
      what,
      {
        'plain OTel µs': Number(us[`plain ${what}`]!.toFixed(2)),
        'Fermata µs': Number(us[`our ${what}`]!.toFixed(2)),
        ratio: Number((us[`our ${what}`]! / us[`plain ${what}`]!).toFixed(2)),
      },
    ]),
  ),
);
process.stdout.write(`${ended.toLocaleString()} spans ended; node ${process.version}\n`);
await sdk.shutdown();
