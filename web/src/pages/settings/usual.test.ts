import type { UsualStep } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { barsOf, percent, sentenceOf } from './usual.ts';

const step = (over: Partial<UsualStep>): UsualStep => ({
  ...{ name: 'ship', service: 's', kind: 'task', share: 1, after: ['pay'], medianMs: 100 },
  lateMs: 2000,
  ...over,
});

test('a step in a sentence', () => {
  expect(sentenceOf(step({}))).toBe(
    'Nearly always after pay, usually 100 ms after the step before; late after 2.00 s.',
  );
  expect(sentenceOf(step({ share: 0.42, after: [] }))).toMatch(/^In 42 % of flows, usually/);
  expect(sentenceOf(step({ after: [], lateMs: 0, medianMs: 0 }))).toBe(
    'Nearly always, as the start.',
  );
  expect([1, 0.999, 0.5].map(percent)).toEqual(['100 %', '> 99 %', '50 %']);
});

test('bars follow each other and fill the width', () => {
  const bars = barsOf([step({ medianMs: 0 }), step({ medianMs: 100 }), step({ medianMs: 900 })]);
  expect(bars.map(({ from, width }) => [from, width])).toEqual([
    [0, 0],
    [0, 0.25],
    [0.25, 0.75],
  ]);
  expect(barsOf([step({ medianMs: 0 })])[0]).toMatchObject({ from: 0, width: 0 });
});
