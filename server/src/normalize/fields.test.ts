import { expect, test } from 'vitest';
import type { Attributes } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

const flowOf = (attributes: Attributes): unknown => {
  const { flow } = createNormalizer({ identityKeys: [], searchKeys: [] }).span(
    {
      resource: { attributes: [] },
      scopeName: '',
      traceId: '1'.repeat(32),
      spanId: '1'.repeat(16),
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'start',
      kind: 1,
      start: unixNanos(1n),
      end: unixNanos(2n),
      attributes,
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
    },
    0,
  ).span;
  return flow && [flow.kind, flow.id, flow.type];
};

test.each<[Attributes, unknown]>([
  [
    ['fermata.flow.id', '1000', 'fermata.flow.type', 'orders'],
    ['', '1000', 'orders'],
  ],
  [
    ['process.instance.id', 1000],
    ['process.instance.id', '1000', ''],
  ],
  [
    ['cloudevents.bamtxid', '1000', 'cloudevents.bampid', 'orders'],
    ['cloudevents.bamtxid', '1000', 'orders'],
  ],
  [
    ['process.instance.id', 'p', 'fermata.flow.id', 'f'],
    ['', 'f', ''],
  ],
  [
    ['fermata.flow.type', 'orders'],
    ['', '', 'orders'],
  ],
  [['messaging.system', 'kafka'], null],
])('an id is named by the attribute that says it, ours first: %j', (attributes, expected) => {
  expect(flowOf(attributes)).toEqual(expected);
});
