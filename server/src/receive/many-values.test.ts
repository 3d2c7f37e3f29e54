import { expect, test } from 'vitest';
import { LIMITS } from '../model/otlp.ts';
import { decodeLogsJson, decodeTracesJson } from './otlp-json.ts';
import { decodeLogs, decodeTraces } from './otlp-protobuf.ts';

/**
 * The helpers below build requests that are small on the wire, need much memory and compress to
 * almost nothing. With only a limit on bytes, one request of 60 KB could use gigabytes.
 */
const field = (number: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = [(number << 3) | 2];
  let size = body.length;
  for (; size > 127; size >>>= 7) head.push((size & 127) | 128);
  return Buffer.concat([Buffer.from([...head, size]), body]);
};
const repeated = (times: number, part: Buffer): Buffer => Buffer.alloc(times * part.length, part);
const ID = Buffer.from('0a10' + 'a1'.repeat(16) + '1208' + 'b2'.repeat(8), 'hex');
const traces = (...spans: Buffer[]): Buffer => field(1, field(2, ...spans));

test('of too many records the first are taken and the rest is refused, with the count and what to do', () => {
  const more = 1000;
  const json = (group: string, scope: string, list: string, record: string): Buffer =>
    Buffer.from(
      `{"${group}":[{"${scope}":[{"${list}":[${`${record},`.repeat(LIMITS.records + more - 1)}${record}]}]}]}`,
    );
  const span = `{"traceId":"${'a1'.repeat(16)}","spanId":"${'b2'.repeat(8)}"}`;
  for (const out of [
    decodeTraces(traces(repeated(LIMITS.records + more, field(2, ID)))),
    decodeTracesJson(json('resourceSpans', 'scopeSpans', 'spans', span)),
    decodeLogs(traces(repeated(LIMITS.records + more, field(2)))),
    decodeLogsJson(json('resourceLogs', 'scopeLogs', 'logRecords', '{}')),
  ]) {
    expect(out.spans.length + out.logs.length).toBe(LIMITS.records);
    expect(out.rejected).toBe(more);
    expect(out.rejectedReason).toContain('send smaller batches');
  }
});

test('too many values within records are refused before they are in memory', () => {
  const times = LIMITS.parts + 1;
  const within = (many: Buffer): Buffer => traces(repeated(LIMITS.records, field(2, ID, many)));
  const each = Math.ceil(times / LIMITS.records);
  for (const [what, part] of [
    ['attributes', field(9)],
    ['events', field(11)],
    ['links', field(13)],
    ['values of a list', field(9, field(2, field(5, repeated(each, field(1)))))],
  ] as const)
    expect(
      () => decodeTraces(within(what === 'values of a list' ? part : repeated(each, part))),
      what,
    ).toThrow(expect.objectContaining({ code: 'otlp.too-large' }));
  for (const value of ['{}', '1'])
    expect(
      () => decodeTracesJson(Buffer.from(`[${`${value},`.repeat(LIMITS.jsonValues)}1]`)),
      value,
    ).toThrow(expect.objectContaining({ code: 'otlp.too-large' }));
});

test('attributes of a resource are cut like those of a span', () => {
  const resource = field(
    1,
    repeated(LIMITS.attributes + 5, field(1, field(1, Buffer.from('name')))),
  );
  const out = decodeTraces(field(1, resource, field(2, field(2, ID))));
  expect(out.spans[0]!.resource.attributes).toHaveLength(LIMITS.attributes * 2);
  // The resource has five attributes too many. They are counted once, and not again for each scope.
  expect(out.truncated).toBe(5);
});
