import { expect, test } from 'vitest';
import { figuresIn } from './settings-api.ts';

test('figures are read by name, and summed over their labels', () => {
  const figures = figuresIn(
    '# TYPE a counter\na_total 12\nb{id="x"} 1\nb{id="y"} 2.5\nc 1e3\n# EOF\n',
  );
  expect([...figures]).toEqual([
    ['a_total', 12],
    ['b', 3.5],
    ['c', 1000],
  ]);
});
