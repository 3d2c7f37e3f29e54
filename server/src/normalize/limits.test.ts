import { expect, test } from 'vitest';
import type { OtlpSpan } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

const normalized = (over: Partial<OtlpSpan>) =>
  createNormalizer({ identityKeys: [], searchKeys: ['order.id'] }).span(
    {
      resource: { attributes: [] },
      scopeName: '',
      traceId: '2'.repeat(32),
      spanId: '2'.repeat(16),
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'take',
      kind: 5,
      start: unixNanos(1n),
      end: unixNanos(2n),
      attributes: [],
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
      ...over,
    },
    0,
  );

test('of a span with too many links the first ones join, all are kept, and it says so', () => {
  const links = Array.from({ length: 5000 }, (_, i) => ({
    traceId: '1'.repeat(32),
    spanId: (i + 1).toString(16).padStart(16, '0'),
    traceState: '',
    attributes: [],
  }));
  // A duplicate of the first link does not count towards the limit.
  const { span, raw } = normalized({ links: [links[0]!, ...links] });
  expect(span.links).toHaveLength(4096);
  expect(new Set(span.links).size).toBe(4096);
  expect(span.warnings).toEqual(['only the first 4096 links count']);
  expect(JSON.parse(raw.links)).toHaveLength(5001);
});

test('of a record with too much text all that is read is kept, the rest as far as it goes, and it says so', () => {
  const long = 'x'.repeat(16_000);
  const many = Array.from({ length: 100 }, (_, i) => [`a${i}`, long]).flat();
  const { span, raw } = normalized({
    attributes: [...many, 'fermata.flow.id', 'f', 'order.id', '42'],
    events: Array.from({ length: 100 }, () => ({
      time: unixNanos(1n),
      name: 'e',
      attributes: ['a', long],
    })),
  });
  expect(span.warnings).toEqual(['of attributes and events only 262144 characters each are kept']);
  const attributes = JSON.parse(raw.attributes.join('')) as Record<string, string>;
  expect(attributes).toMatchObject({ a0: long, 'fermata.flow.id': 'f', 'order.id': '42' });
  expect(attributes['a99']).toBe('[not kept: too much in one record]');
  expect(raw.attributes.join('').length).toBeLessThan(300_000);
  expect(raw.events.length).toBeLessThan(300_000);
});
