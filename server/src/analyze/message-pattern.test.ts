import { expect, test } from 'vitest';
import { messagePattern } from './message-pattern.ts';

test.each([
  ['order 42 is unknown', 'order <n> is unknown'],
  ['order A-17 exceeds its limit of 3.50', 'order <n> exceeds its limit of <n>'],
  ['user "bob" not found', 'user <text> not found'],
  ["can't find 'x' in y", "can't find <text> in y"],
  ['HTTP 503 from https://bank/pay?id=7', 'HTTP 503 from <url>'],
  ['status code 404', 'status code 404'],
  ['bank answered 502', 'bank answered 502'],
  ['code 12 is bad', 'code <n> is bad'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED <address>'],
  ['connect to fe80:0:0:0:1:2:3:4 failed', 'connect to <address> failed'],
  ['timeout of 5000ms exceeded', 'timeout of <n> exceeded'],
  ['7f3a9b2c4d5e is gone at 2026-01-02T03:04:05.123Z', '<hex> is gone at <time>'],
  ['id 3fa85f64-5717-4562-b3fc-2c963f66afa6 is taken', 'id <uuid> is taken'],
  ['mail to ann.lee@example.org bounced', 'mail to <email> bounced'],
  ['deadbeef and facade are words', 'deadbeef and facade are words'],
  ['two\n  lines', 'two lines'],
])('%s', (message, pattern) => expect(messagePattern(message)).toBe(pattern));

test('a pattern is its own pattern, and a hostile text costs no more than its length', () => {
  for (const text of ['1-'.repeat(250), "'".repeat(500), 'a@'.repeat(250), '0x'.repeat(250)])
    expect(messagePattern(text).length).toBeLessThanOrEqual(3 * text.length);
  expect(messagePattern(messagePattern('HTTP 503 for order 7'))).toBe('HTTP 503 for order <n>');
});
