import { expect, test } from 'vitest';
import { isNewestFirst, orderParameters, pressed, readOrder, SORTS } from './order.ts';

const read = (query: string): ReturnType<typeof readOrder> => readOrder(new URLSearchParams(query));

test('newest first is what an address without an order means, or with one that there is not', () => {
  for (const query of ['', 'sort=started', 'order=desc', 'sort=nonsense&order=up'])
    expect(isNewestFirst(read(query)), query).toBe(true);
  expect(isNewestFirst(read('order=asc'))).toBe(false);
  expect(isNewestFirst(read('sort=waiting'))).toBe(false);
});

test('every order comes back from its parameters', () => {
  for (const [sort] of SORTS)
    for (const ascends of [true, false])
      expect(read(new URLSearchParams(orderParameters({ sort, ascends })).toString())).toEqual({
        ...{ sort, ascends },
      });
});

test('a heading that is pressed again turns its order round', () => {
  const once = pressed(read(''), 'duration');
  expect(once).toEqual({ sort: 'duration', ascends: false });
  expect(pressed(once, 'duration')).toEqual({ sort: 'duration', ascends: true });
  expect(pressed(pressed(once, 'duration'), 'duration')).toEqual(once);
  expect(pressed(read(''), 'started')).toEqual({ sort: 'started', ascends: true });
});
