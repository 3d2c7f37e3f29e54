import type { RawSpan } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { spanFacts } from './span-facts.ts';

const span = (over: Partial<RawSpan>): RawSpan => ({ scope: { name: '' }, ...over }) as RawSpan;

test('a span of which nothing more is said has no rows', () => {
  expect(spanFacts(span({}))).toEqual([]);
});

test('library, flags, what was left out and what was cut are rows', () => {
  expect(
    spanFacts(
      span({
        scope: {
          name: 'http',
          version: '1.2',
          attributes: { short: true },
          schemaUrl: 'https://s',
        },
        ...{ flags: 0x301, traceState: 'a=b', droppedAttributesCount: 1, droppedEventsCount: 2 },
        ...{ cut: 3, sameId: [span({ name: 'first', service: 'shop' })] },
      }),
    ),
  ).toEqual([
    ['Library', 'http 1.2'],
    ['Library attributes', '{"short":true}'],
    ['Schema', 'https://s'],
    ['Flags', 'sampled, remote parent'],
    ['Trace state', 'a=b'],
    ['Left out', '1 attribute, 2 events'],
    ['Cut', "3 parts beyond Fermata's limits"],
    ['Same id', 'shop first'],
  ]);
});
