import { expect, test } from 'vitest';
import { createCounters } from '../base/counters.ts';
import { metricsText } from './metrics.ts';

test('a family is named once, however many values it has, and what others wrote is quoted', () => {
  const counters = createCounters();
  counters.add('spans_total', 2);
  counters.gauge('open', () => 3);
  counters.gauge('ahead', () => [
    { labels: { service: 'shop' }, value: 5 },
    { labels: { service: 'a "b"\n\\', instance: '1' }, value: -5 },
  ]);
  counters.gauge('none', () => []);
  expect(metricsText(counters.read())).toBe(
    [
      '# TYPE ahead gauge',
      'ahead{service="shop"} 5',
      'ahead{service="a \\"b\\"\\n\\\\",instance="1"} -5',
      '# TYPE open gauge',
      'open 3',
      '# TYPE spans counter',
      'spans_total 2',
      '# EOF',
      '',
    ].join('\n'),
  );
});
