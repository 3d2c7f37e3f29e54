import { expect, test } from 'vitest';
import { tokenize, unquote, wrong } from './tokens.ts';

const texts = (text: string): string[] => tokenize(text).map((token) => token.text);

test('words, parentheses and arrows are tokens of their own', () => {
  expect(texts('(a or b) > c')).toEqual(['(', 'a', 'or', 'b', ')', '>', 'c']);
  expect(texts(' \t\n')).toEqual([]);
  expect(texts('')).toEqual([]);
});

test('a token knows its column, from 1', () => {
  expect(tokenize('ab  (cd').map(({ column }) => column)).toEqual([1, 5, 6]);
});

test('what stands in quotation marks is one text, also after a colon', () => {
  expect(tokenize('"a b (c)"')).toEqual([{ text: 'a b (c)', column: 1, quoted: true }]);
  expect(tokenize('step:"mail 100%"x y')).toMatchObject([
    { text: 'step:"mail 100%"x', quoted: false },
    { text: 'y' },
  ]);
  expect(unquote('step:"mail 100%"x')).toBe('step:mail 100%x');
  expect(tokenize('""')).toEqual([{ text: '', column: 1, quoted: true }]);
});

test.each([
  ['"open', 1],
  ['a "open', 3],
  ['a step:"open', 3],
])('%j: the quotation is never closed, and where it begins is said', (text, column) => {
  expect(() => tokenize(text)).toThrow(`column ${column}: this quotation is never closed`);
});

test('a minus before a word is a not; before a number, a blank or nothing it is text', () => {
  expect(texts('-status:stuck')).toEqual(['-', 'status:stuck']);
  expect(texts('-"a b"')).toEqual(['-', 'a b']);
  expect(texts('-(a)')).toEqual(['-', '(', 'a', ')']);
  expect(texts('-5')).toEqual(['-5']);
  expect(texts('- a')).toEqual(['-', 'a']);
  expect(texts('a-b')).toEqual(['a-b']);
  expect(texts('-')).toEqual(['-']);
});

test('a query has a bounded number of tokens', () => {
  expect(texts('a '.repeat(200))).toHaveLength(200);
  expect(() => tokenize('a '.repeat(201))).toThrow('column 401: too long');
});

test("what is wrong is the asker's to put right", () => {
  expect(wrong('so', 3)).toMatchObject({ code: 'query.invalid', message: 'column 3: so' });
});
