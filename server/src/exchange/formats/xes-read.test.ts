import { expect, test } from 'vitest';
import { createOpenEvents } from './xes-read.ts';

test('events of one name end in the order in which they began, and each is counted', () => {
  const open = createOpenEvents<number>();
  for (const i of [1, 2, 3]) open.begin('pay', i);
  open.begin('pack', 4);
  expect(open.count()).toBe(4);
  expect([open.end('pay'), open.end('pay'), open.end('ship')]).toEqual([1, 2, undefined]);
  expect(open.count()).toBe(2);
  expect([...open.take()]).toEqual([3, 4]);
  expect([open.count(), open.end('pay'), open.end('pack')]).toEqual([0, undefined, undefined]);
});

test('the order stays while there is always one that has not ended', () => {
  const open = createOpenEvents<number>();
  open.begin('pay', 0);
  for (let i = 1; i < 1000; i++) {
    open.begin('pay', i);
    expect(open.end('pay')).toBe(i - 1);
  }
  expect([...open.take()]).toEqual([999]);
});
