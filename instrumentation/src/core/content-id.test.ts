import { expect, test } from 'vitest';
import { contentId } from './content-id.ts';

test('equal content of one destination has one id, as text or as bytes; any other has another', () => {
  const id = contentId('t', 'grüße');
  expect(contentId('t', Buffer.from('grüße'))).toBe(id);
  const others = [contentId('u', 'grüße'), contentId('t', 'grüsse'), contentId('t', '')];
  expect(new Set([id, ...others]).size).toBe(4);
});

test('ten thousand orders have ten thousand ids', () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => contentId('orders', `{"id":${n}}`));
  expect(new Set(ids).size).toBe(10_000);
});
