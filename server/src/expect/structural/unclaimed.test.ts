import { expect, test } from 'vitest';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';
import { createUnclaimed } from './unclaimed.ts';

const sent = (place: string, sentMs: number): SentMessage => ({ place, sentMs }) as SentMessage;
const flow = (id: string) => ({ id, environment: 'prod' });
const at = (place: string, sinceMs: number) => ({ place: scopedKey('prod', place), sinceMs });

test('a flow is named once its message was sent after the first known consumer was there', () => {
  const unclaimed = createUnclaimed();
  expect(unclaimed.note(flow('a'), [])).toBe(false);
  expect(unclaimed.note(flow('a'), [sent('orders', 100)])).toBe(true);
  unclaimed.note(flow('b'), [sent('orders', 200)]);
  unclaimed.note(flow('c'), [sent('mails', 300)]);
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
  for (let i = 0; i <= 5000; i++) unclaimed.note(flow(`${i}`), [sent('orders', i)]);
  const claimed = unclaimed.claim(at('orders', 0));
  expect(claimed).toHaveLength(5000);
  expect(claimed).not.toContain('0');
});
