import { expect, test } from 'vitest';
import { fieldPart, withPart } from './query-part.ts';

test('a part is added to a query, whose own words stay together', () => {
  expect(withPart(' ', 'trait:1')).toBe('trait:1');
  expect(withPart('a or b', 'trait:1')).toBe('(a or b) trait:1');
});

test('a value with blanks is one value, and one with quotation marks cannot end it', () => {
  expect(fieldPart('missing', 'send email')).toBe('missing:"send email"');
  expect(fieldPart('step', 'say "hi" or status:stuck')).toBe('step:"say *hi* or status:stuck"');
});
