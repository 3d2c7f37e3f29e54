import { expect, test } from 'vitest';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

test('of a span with too many links the first ones join, all are kept, and it says so', () => {
  const links = Array.from({ length: 5000 }, (_, i) => ({
    traceId: '1'.repeat(32),
    spanId: (i + 1).toString(16).padStart(16, '0'),
    traceState: '',
    attributes: [],
  }));
  const { span, raw } = createNormalizer({ identityKeys: [], searchKeys: [] }).span(
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
      // The same one twice is one.
      links: [links[0]!, ...links],
      statusCode: 0,
      statusMessage: '',
    },
    0,
  );
  expect(span.links).toHaveLength(4096);
  expect(new Set(span.links).size).toBe(4096);
  expect(span.warnings).toEqual(['only the first 4096 links count']);
  expect(JSON.parse(raw.links)).toHaveLength(5001);
});
