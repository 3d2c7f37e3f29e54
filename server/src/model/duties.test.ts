import { expect, test } from 'vitest';
import { readUndoPair, undoPair } from './duties.ts';

test('a pair is read as it was written, whatever separators its names hold', () => {
  expect(readUndoPair(undoPair('Ship: it', 'Charge/Card'))).toEqual(['Ship: it', 'Charge/Card']);
});
