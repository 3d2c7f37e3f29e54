import { expect, test } from 'vitest';
import { createOpenEvents } from './xes-read.ts';

test('events of one name end in the order in which they began, and each is counted', () => {
  const open = createOpenEvents<{ weight: number }>();
  for (const i of [1, 2, 3]) open.begin('pay', { weight: i });
  open.begin('pack', { weight: 4 });
  expect([open.count(), open.weight()]).toEqual([4, 10]);
  expect([open.end('pay'), open.end('pay'), open.end('ship')]).toEqual([
    { weight: 1 },
    { weight: 2 },
    undefined,
  ]);
  expect([open.count(), open.weight()]).toEqual([2, 7]);
  expect([...open.take()]).toEqual([{ weight: 3 }, { weight: 4 }]);
  expect([open.count(), open.end('pay'), open.end('pack')]).toEqual([0, undefined, undefined]);
});

test('the order stays while there is always one that has not ended', () => {
  const open = createOpenEvents<{ weight: number }>();
  open.begin('pay', { weight: 0 });
  for (let i = 1; i < 1000; i++) {
    open.begin('pay', { weight: i });
    expect(open.end('pay')).toEqual({ weight: i - 1 });
  }
  expect([...open.take()]).toEqual([{ weight: 999 }]);
});
