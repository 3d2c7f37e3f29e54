import { expect, test } from 'vitest';
import { unixNanos } from '../model/time.ts';
import type { OtlpSpan } from '../model/otlp.ts';
import { createNormalizer } from './index.ts';

const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
const REMOTE = 0x300;

/** Returns the number of messages in a batch that have no link. */
const linksCut = (
  links: number,
  count: number | null,
  over: Partial<OtlpSpan> & { operation?: string } = {},
): number | undefined => {
  const { operation = 'process', ...rest } = over;
  return normalizer.span(
    {
      resource: { attributes: [] },
      scopeName: '',
      traceId: '2'.repeat(32),
      spanId: '2'.repeat(16),
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'take',
      kind: operation === 'send' ? 4 : 5,
      start: unixNanos(1n),
      end: unixNanos(2n),
      attributes: [
        ...['messaging.system', 'kafka', 'messaging.operation.type', operation],
        ...(count === null ? [] : ['messaging.batch.message_count', count]),
      ],
      events: [],
      links: Array.from({ length: links }, (_, i) => ({
        traceId: '1'.repeat(32),
        spanId: (i + 1).toString(16).padStart(16, '0'),
        attributes: [],
      })),
      statusCode: 0,
      statusMessage: '',
      ...rest,
    },
    0,
  ).span.message?.linksCut;
};

test('a batch that names all of its messages says so by saying nothing', () => {
  expect(linksCut(10, 10)).toBeUndefined();
  expect(linksCut(10, null)).toBeUndefined();
  // Two links more than messages: some links may refer to earlier attempts.
  expect(linksCut(12, 10)).toBeUndefined();
  expect(linksCut(1, 1)).toBeUndefined();
});

test('of a batch that names some, the others are counted: those its sender dropped, or the rest of its own count', () => {
  expect(linksCut(128, 500)).toBe(372);
  expect(linksCut(128, null, { droppedLinks: 72 })).toBe(72);
  expect(linksCut(128, 200, { droppedLinks: 72 })).toBe(72);
  expect(linksCut(0, 10, { droppedLinks: 10 })).toBe(10);
  expect(linksCut(0, 10, { parentSpanId: '3'.repeat(16), flags: REMOTE })).toBe(9);
});

test('several messages that one span sent are named one by one, by the same link', () => {
  const same = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), attributes: [] };
  expect(linksCut(0, 3, { links: [same, same, same] })).toBeUndefined();
});

test('a poll that names nothing leaves that to whoever processes, and a batch that was sent took nothing', () => {
  expect(linksCut(0, 10)).toBeUndefined();
  expect(linksCut(0, 10, { operation: 'receive', parentSpanId: '3'.repeat(16) })).toBeUndefined();
  expect(linksCut(3, 10, { operation: 'send' })).toBeUndefined();
});
