import type { Facet } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { optionsOf } from './options.ts';

const facet = (incomplete: boolean): { items: Facet[] } => ({
  items: [
    {
      field: 'type',
      values: [
        { value: 'order', flows: 9 },
        { value: '', flows: 2 },
      ],
      incomplete,
    },
  ],
});

test('values with flows come first, known and chosen ones without any follow', () => {
  expect(optionsOf(facet(false), 'type', ['refund', 'order'], 'gone')).toEqual([
    { value: 'order', flows: 9 },
    { value: 'refund', flows: 0 },
    { value: 'gone', flows: 0 },
  ]);
});

test('before the answer, and beyond what it lists, no number is claimed', () => {
  expect(optionsOf(null, 'type', ['order'], '')).toEqual([{ value: 'order', flows: null }]);
  expect(optionsOf(facet(true), 'type', ['refund'], '').at(-1)).toEqual({
    value: 'refund',
    flows: null,
  });
});
