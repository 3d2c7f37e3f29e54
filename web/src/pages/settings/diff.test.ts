import { expect, test } from 'vitest';
import { diffOf } from './diff.ts';

const shown = (before: string, after: string): string[] =>
  diffOf(before, after).map(
    ({ kind, text }) => `${{ same: ' ', old: '-', new: '+' }[kind]}${text}`,
  );

test('lines that stay, go and come, in their order', () => {
  expect(shown('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d']);
  expect(shown('', 'a\n')).toEqual(['+a']);
  expect(shown('a', 'a\n')).toEqual([' a']);
  expect(shown('a\nb', '')).toEqual(['-a', '-b']);
});
