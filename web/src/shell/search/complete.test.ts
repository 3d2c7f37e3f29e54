import { expect, test } from 'vitest';
import { completed, lastWord } from './complete.ts';

test('the last word is completed, and only that', () => {
  expect(completed('st', 'status:')).toBe('status:');
  expect(completed('type:order status:st', 'status:stuck')).toBe('type:order status:stuck ');
  expect(completed('(a or -ty', 'type:')).toBe('(a or -type:');
  expect(completed('duration>5m ', 'service:')).toBe('duration>5m service:');
  expect(lastWord('step:"ship or')).toBeNull();
  expect(lastWord('step:"ship order" -fa')).toBe('fa');
});
