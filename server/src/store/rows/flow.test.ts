import { expect, test } from 'vitest';
import { keysOf } from './flow.ts';

test('the spans of a flow are read from its row, and from rows of earlier versions', () => {
  const [trace, other] = ['a'.repeat(32), 'b'.repeat(32)];
  const [one, two] = ['1'.repeat(16), '2'.repeat(16)];
  const keys = [trace + one, trace + two, other + one];
  expect(keysOf(keys.join(','))).toEqual(keys);
  expect(keysOf(JSON.stringify({ [trace]: [one, two], [other]: [one] }))).toEqual(keys);
  expect(keysOf('')).toEqual([]);
  expect(keysOf('{}')).toEqual([]);
});
