import { expect, test } from 'vitest';
import { decodeFileJson } from '../receive/index.ts';
import { bytesInUse } from '../testing/heap.ts';
import type { FormatName } from './format.ts';
import { FORMATS } from './formats/index.ts';
import { createRebase } from './rebase.ts';

const OPTIONS = { flowType: '', caseType: '', columns: {}, decode: decodeFileJson };
const AT = '2026-01-01T00:00:00Z';
const MS = Date.parse(AT);
const RECORDS = 40;
const MB = 1 << 20;
/** Fills a record with what nobody asks for. */
const FILLER = 'x'.repeat(MB / 4);
/** Longer than the shortest text of which V8 makes a part of another one. */
const nameOf = (i: number): string => `a step of the name ${i}`;

const lines = (record: (i: number) => object) => (i: number) => `${JSON.stringify(record(i))}\n`;
const started = { eventId: 1, eventType: 'WorkflowExecutionStarted', timestamp: AT };

/** One record of each format, and what stands before the first one. */
const RECORD: Partial<Record<FormatName, [(i: number) => string, before?: string]>> = {
  otlp: [
    lines((i) => {
      const span = {
        ...{ traceId: `${i}`.padStart(32, 'a'), spanId: `${i}`.padStart(16, 'b') },
        ...{ name: nameOf(i), startTimeUnixNano: '1', endTimeUnixNano: '2', filler: FILLER },
        attributes: [{ key: 'fermata.flow.id', value: { stringValue: `the order ${i}` } }],
      };
      return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    }),
  ],
  zipkin: [
    lines((i) => ({
      ...{ traceId: `trace of the name ${i}`, id: `${i}`, name: nameOf(i), timestamp: 1e15 },
      filler: FILLER,
    })),
  ],
  jaeger: [
    lines((i) => ({
      data: [
        {
          traceID: `trace of the name ${i}`,
          spans: [{ spanID: '1', operationName: nameOf(i), startTime: 1e15 }],
          filler: FILLER,
        },
      ],
    })),
  ],
  temporal: [
    lines((i) => ({
      events: [
        {
          ...started,
          workflowExecutionStartedEventAttributes: {
            ...{ workflowId: `workflow ${i}`, workflowType: { name: nameOf(i) } },
          },
        },
        { eventId: 2, eventType: 'WorkflowExecutionCompleted', timestamp: AT },
      ],
      filler: FILLER,
    })),
  ],
  conductor: [
    lines((i) => ({
      ...{ workflowId: `the workflow ${i}`, workflowName: nameOf(i), status: 'COMPLETED' },
      ...{ startTime: MS, endTime: MS + 1, tasks: [], filler: FILLER },
    })),
  ],
  'step-functions': [
    lines((i) => ({
      executionArn: `the execution ${i}`,
      stateMachineArn: `arn:machine:${nameOf(i)}`,
      events: [
        { id: 1, previousEventId: 0, type: 'ExecutionStarted', timestamp: AT },
        { id: 2, previousEventId: 1, type: 'ExecutionSucceeded', timestamp: AT },
      ],
      filler: FILLER,
    })),
  ],
  csv: [(i) => `the order ${i},${nameOf(i)},${AT},${FILLER}\n`, 'case,activity,timestamp,filler\n'],
  xes: [
    (i) =>
      `<event><string key="concept:name" value="${nameOf(i)}"/>` +
      `<string key="filler" value="${FILLER}"/>` +
      `<date key="time:timestamp" value="${AT}"/></event>`,
    '<log><trace>',
  ],
  ocel: [
    (i) =>
      `${i % RECORDS === 0 ? '' : ','}{"id":"the event ${i}","type":"${nameOf(i)}","time":"${AT}",` +
      `"filler":"${FILLER}","relationships":[{"objectId":"o1","qualifier":"flow"}]}`,
    '{"objects":[{"id":"o1","type":"order"}],"events":[',
  ],
  'ocel-xml': [
    (i) =>
      `<event id="the event ${i}" type="${nameOf(i)}" time="${AT}"><attributes>` +
      `<attribute name="filler">${FILLER}</attribute></attributes>` +
      '<objects><relationship object-id="o1" qualifier="flow"/></objects></event>',
    '<log><objects><object id="o1" type="order"/></objects><events>',
  ],
};

/** Reads the records, and keeps of them what the engine does: names, ids and short texts. */
async function keptOf(
  format: FormatName,
  first: number,
): Promise<{ kept: unknown[]; rebase: unknown }> {
  const [record, before = ''] = RECORD[format]!;
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Buffer.from(before));
    for (let i = 0; i < RECORDS; i++) yield Buffer.from(record(first + i));
  };
  const rebase = createRebase({ environment: 'e', teaches: false });
  const kept: unknown[] = [];
  try {
    for await (const item of FORMATS[format].read!(chunks(), OPTIONS))
      if (item.kind === 'spans')
        for (const { name, spanId, traceId, attributes } of rebase(item.request, true).spans)
          kept.push(
            ...[name, spanId, traceId],
            attributes.filter((one) => typeof one === 'string' && one.length < 100),
          );
  } catch {
    // The documents of lists are not ended, because what is read until then is what counts.
  }
  return { kept, rebase };
}

test.each(Object.keys(RECORD) as FormatName[])(
  '%s: what is kept of a record does not keep the record',
  async (format) => {
    await keptOf(format, 0);
    const before = bytesInUse();
    const all = await keptOf(format, RECORDS);
    const grown = bytesInUse() - before;
    expect(all.kept.length).toBeGreaterThanOrEqual(4 * RECORDS);
    expect(JSON.stringify(all.kept)).toContain(nameOf(2 * RECORDS - 1));
    // All records together have ten megabytes.
    expect(grown).toBeLessThan(3 * MB);
    expect(all.rebase).toBeDefined();
  },
);
