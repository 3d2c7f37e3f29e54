import { expect, test } from 'vitest';
import { absolute, ago, duration, evidenceText, isolate } from './format.ts';

test('text that turns the writing direction cannot reach beyond itself', () => {
  expect(isolate('charge card (2)')).toBe('charge card (2)');
  expect(isolate('שלום')).toBe('\u2068שלום\u2069');
  expect(isolate('invoice\u202efdp.exe')).toBe('\u2068invoicefdp.exe\u2069');
  expect(isolate('a\u2069\u202eb')).toBe('\u2068ab\u2069');
});

test('a time says its day where that is not today', () => {
  const noon = new Date(2026, 4, 9, 12, 0, 0).getTime();
  const time = absolute(noon, noon + 3_600_000);
  expect(time).toMatch(/^12:00:00\D000$/);
  expect(absolute(noon, noon + 3_600_000, 's')).toBe('12:00:00');
  // The first hour of a day is 00 and not 24, whatever the language.
  expect(absolute(noon - 43_200_000 + 60_000, noon, 's')).toBe('00:01:00');
  expect(absolute(noon, noon + 86_400_000)).toMatch(/9.*, 12:00:00/);
  expect(absolute(noon, noon + 86_400_000)).not.toContain('2026');
  expect(absolute(noon, noon + 400 * 86_400_000)).toContain('2026');
});

test('how long ago, and in what time', () => {
  expect([0, 59, 61, 7300, 200_000].map((s) => ago(0, s * 1000))).toEqual([
    'now',
    '59 s ago',
    '1 min ago',
    '2 h ago',
    '2 d ago',
  ]);
  expect(ago(90_000, 0)).toBe('in 1 min');
});

test('durations carry over', () => {
  expect([59_940, 59_990, 1_739_700, 3_599_600, 172_800_000].map(duration)).toEqual([
    '59.9 s',
    '1 min 0 s',
    '29 min 0 s',
    '1 h 0 min',
    '2 d 0 h',
  ]);
});

test('evidence is said in words, with how sure it is', () => {
  expect(evidenceText({ kind: 'identity-key', strength: 0.5 })).toBe('identity key (50 %)');
});
