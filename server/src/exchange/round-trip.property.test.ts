import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { spanIdOf, traceIdOf } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import { decodeFileJson } from '../receive/index.ts';
import { attributes, createLab } from '../testing/lab.ts';
import type { FlowSource, Read, ReadOptions, Write } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { createRebase } from './rebase.ts';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 40);
const START = 1_700_000_000_000;
const OPTIONS: ReadOptions = { flowType: '', caseType: '', columns: {}, decode: decodeFileJson };

const text = fc.oneof(
  fc.constantFrom(
    'pack',
    'ship',
    'a,b',
    '=1+1',
    "'=x",
    '"q"',
    'zwei\nZeilen',
    '<x>&',
    '-',
    '\ud83d\ude80',
  ),
  fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }),
);
/**
 * Generates spans of a few traces that refer to each other. Their names contain characters that are
 * special in some format.
 */
const anySpans = fc.array(
  fc.record({
    trace: fc.nat({ max: 2 }),
    parent: fc.option(fc.nat({ max: 9 }), { freq: 2 }),
    link: fc.option(fc.nat({ max: 9 }), { freq: 2 }),
    kind: fc.constantFrom(1, 2, 3, 4, 5),
    service: fc.constantFrom('shop', 'stock', 'zahlung-ü'),
    flow: fc.constantFrom('', 'order-1', 'order-2', '=order'),
    step: text,
    message: fc.constantFrom('', 'm1', 'm2'),
    at: fc.nat({ max: 100_000 }),
    ns: fc.nat({ max: 5_000_000_000 }),
    failed: fc.boolean(),
    big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  { minLength: 1, maxLength: 10 },
);
type Sketch = typeof anySpans extends fc.Arbitrary<(infer T)[]> ? T : never;

const traceOf = (all: Sketch[], at: number): string =>
  (100 + (all[at]?.trace ?? 0)).toString(16).padStart(32, '0');
const idOf = (at: number): string => (at + 1).toString(16).padStart(16, '0');

const toSpan = (one: Sketch, at: number, all: Sketch[]): OtlpSpan => ({
  resource: {
    // A running server also learns clock errors from other spans, which no file contains, so these
    // spans are marked as imported from the start.
    attributes: [
      ...['service.name', one.service, 'service.instance.id', one.service],
      ...['fermata.imported', true],
    ],
  },
  ...{ scopeName: 'lib', traceId: traceOf(all, at), spanId: idOf(at), traceState: '', flags: 0 },
  parentSpanId: one.parent === null || one.parent === at ? '' : idOf(one.parent),
  ...{ name: one.step, kind: one.kind },
  start: unixNanos(BigInt(START + one.at) * 1_000_000n + 1n),
  end: unixNanos(BigInt(START + one.at) * 1_000_000n + 1n + BigInt(one.ns)),
  attributes: [
    ...(one.flow === '' ? [] : ['fermata.flow.id', one.flow, 'fermata.flow.type', 'order']),
    ...['fermata.step.name', one.step, 'fermata.flow.key.customer', `c-${one.service}`],
    ...['big', BigInt.asIntN(64, one.big), 'list', ['a', 1.5, true]],
    ...(one.kind < 4 ? [] : ['messaging.system', 'kafka', 'messaging.destination.name', 'q']),
    ...(one.kind < 4 || one.message === '' ? [] : ['messaging.message.id', one.message]),
  ],
  events: [{ time: unixNanos(BigInt(START)), name: 'e', attributes: attributes({ a: 'b' }) }],
  links:
    one.link === null
      ? []
      : [{ traceId: traceOf(all, one.link), spanId: idOf(one.link), attributes: [] }],
  ...{ statusCode: one.failed ? 2 : 0, statusMessage: one.failed ? 'refused' : '' },
});

async function flowsOf(spans: readonly OtlpSpan[]): Promise<Flow[]> {
  const lab = await createLab({ startMs: START + 3_600_000, expects: false });
  await lab.deliver(spans.map((span) => ({ ...span })));
  await lab.advance(60_000);
  const flows = [...lab.flows.values()].map(({ flow }) => flow);
  await lab.stop();
  return flows;
}

const sourceOf = (flows: Flow[], spans: readonly OtlpSpan[]): FlowSource => {
  const all = async function* (): AsyncIterable<Flow> {
    yield* await Promise.resolve(flows);
  };
  const byKey = new Map(spans.map((span) => [span.traceId + span.spanId, span]));
  const spansOf = (flow: Flow): Promise<{ span: OtlpSpan }[]> =>
    Promise.resolve(
      [...new Set([...flow.members, ...flow.context])].flatMap((key) => {
        const span = byKey.get(traceIdOf(key) + spanIdOf(key));
        return span ? [{ span }] : [];
      }),
    );
  return { heads: all, flows: all, spansOf };
};

/** Writes the flows to a file, divides the file into chunks of `size` bytes, and reads it again. */
async function throughFile(
  { read, write }: { read?: Read; write?: Write },
  source: FlowSource,
  size: number,
): Promise<OtlpSpan[]> {
  let file = '';
  for await (const part of write!(source)) file += part;
  const bytes = Buffer.from(file);
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    await Promise.resolve();
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  const rebase = createRebase({ environment: 'imported', teaches: false });
  const spans: OtlpSpan[] = [];
  for await (const item of read!(chunks(), OPTIONS)) {
    expect(item.kind).toBe('spans');
    if (item.kind === 'spans') spans.push(...rebase(item.request, true).spans);
  }
  return spans;
}

const sorted = (list: object[]): string[] => list.map((one) => JSON.stringify(one)).sort();

/**
 * Returns the properties of a flow that an export preserves, without ids that are made from trace
 * ids.
 */
const saying = (flow: Flow): object => {
  const at = (id: string | null): number => flow.steps.findIndex((step) => step.id === id);
  return {
    ...{ type: flow.type, flowId: flow.flowId, status: flow.status, outcome: flow.outcome },
    keys: flow.keys.filter(([name]) => name !== 'trace'),
    badges: flow.badges.filter((badge) => badge !== 'imported'),
    times: [flow.started, flow.lastProgress].map(String),
    steps: flow.steps.map((step) => ({
      ...{ name: step.name, service: step.service, kind: step.kind, status: step.status },
      ...{ times: [step.start, step.end].map(String), error: step.error, spans: step.spanIds },
      causes: step.causedBy.map(at),
    })),
    hops: flow.hops.map((hop) => ({
      ...{ message: hop.message, from: at(hop.from), to: at(hop.to), state: hop.state },
      ...{ waitMs: hop.waitMs, evidence: hop.evidence },
    })),
  };
};

test('OTLP: what is exported and imported again gives the same flows', async () => {
  await fc.assert(
    fc.asyncProperty(anySpans, fc.integer({ min: 1, max: 500 }), async (sketches, size) => {
      const spans = sketches.map(toSpan);
      const flows = await flowsOf(spans);
      const copies = await throughFile(FORMATS.otlp, sourceOf(flows, spans), size);
      const again = await flowsOf(copies);
      expect(again.map(({ environment }) => environment)).toEqual(flows.map(() => 'imported'));
      for (const { badges } of again) expect(badges).toContain('imported');
      expect(sorted(again.map(saying))).toEqual(sorted(flows.map(saying)));
    }),
    { numRuns: RUNS },
  );
}, 120_000);

test('Zipkin: what is exported and imported again gives the same flows', async () => {
  /** In Zipkin there are no nanoseconds, and what does not say its kind is internal. */
  const coarse = (span: OtlpSpan): OtlpSpan => ({
    ...span,
    ...{
      start: unixNanos((span.start / 1000n) * 1000n),
      end: unixNanos((span.end / 1000n) * 1000n),
    },
  });
  await fc.assert(
    fc.asyncProperty(anySpans, fc.integer({ min: 1, max: 500 }), async (sketches, size) => {
      const spans = sketches.map(toSpan).map(coarse);
      const flows = await flowsOf(spans);
      const copies = await throughFile(FORMATS.zipkin, sourceOf(flows, spans), size);
      for (const { events } of copies) expect(events[0]).toMatchObject({ name: 'e' });
      for (const { events } of copies) expect(events[0]!.attributes).toEqual(['a', 'b']);
      const again = await flowsOf(copies);
      expect(sorted(again.map(saying))).toEqual(sorted(flows.map(saying)));
    }),
    { numRuns: RUNS },
  );
}, 120_000);

/** Returns the properties of a flow that a log of cases preserves. */
const story = (flow: Flow): object => ({
  flow: flow.flowId || flow.id,
  steps: flow.steps
    .map(({ name, service, start, end, status, attempts }) =>
      JSON.stringify([
        name,
        service,
        ...[start, end].map(String),
        status === 'failed',
        attempts.length,
      ]),
    )
    .sort(),
});

test.each(['csv', 'xes', 'ocel', 'ocel-xml'] as const)(
  '%s: what is exported and imported again has the same steps at the same times',
  async (name) => {
    const isOcel = name.startsWith('ocel');
    await fc.assert(
      fc.asyncProperty(anySpans, fc.integer({ min: 1, max: 500 }), async (sketches, size) => {
        // The spans have no message ids, because a log of cases has one row for a step with several
        // attempts.
        const spans = sketches.map((one, at, all) => toSpan({ ...one, message: '' }, at, all));
        const flows = await flowsOf(spans);
        const copies = await throughFile(FORMATS[name], sourceOf(flows, spans), size);
        const again = await flowsOf(copies);
        const caseOf = (flow: Flow): Flow =>
          isOcel ? { ...flow, flowId: flow.flowId.split(':').at(-1)! } : flow;
        const expected = flows.map((flow) => (isOcel ? { ...flow, flowId: flow.id } : flow));
        expect(sorted(again.map(caseOf).map(story))).toEqual(sorted(expected.map(story)));
      }),
      { numRuns: RUNS },
    );
  },
  120_000,
);
