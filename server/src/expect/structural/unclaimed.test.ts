import { expect, test } from 'vitest';
import { createUnclaimed } from './unclaimed.ts';

const at = (place: string, atMs: number) => ({ place, atMs });

test('a flow is named once its message was sent after the first known consumer was there', () => {
  const unclaimed = createUnclaimed();
  unclaimed.note('a', []);
  unclaimed.note('a', [at('orders', 100)]);
  unclaimed.note('b', [at('orders', 200)]);
  unclaimed.note('c', [at('mails', 300)]);
  // The first message that was taken was sent after these two, so they may have been sent before
  // there was a consumer.
  expect(unclaimed.claim(at('orders', 250))).toEqual([]);
  // Now an earlier message turns out to have been taken, because spans arrive in any order.
  expect(unclaimed.claim(at('orders', 150))).toEqual(['b']);
  expect(unclaimed.claim(at('orders', 150))).toEqual([]);
  expect(unclaimed.claim(at('orders', 0))).toEqual(['a']);
  expect(unclaimed.claim(at('mails', 300))).toEqual(['c']);
});

test('at most 5000 flows of a place are kept, the newest ones', () => {
  const unclaimed = createUnclaimed();
  for (let i = 0; i <= 5000; i++) unclaimed.note(`${i}`, [at('orders', i)]);
  const claimed = unclaimed.claim(at('orders', 0));
  expect(claimed).toHaveLength(5000);
  expect(claimed).not.toContain('0');
});
