import { expect, test, vi } from 'vitest';
import { isShortcut, onShortcut, rowsOf } from './keyboard.ts';

const key = (key: string, more: Partial<KeyboardEvent> = {}, tagName = 'BODY'): KeyboardEvent =>
  ({ key, target: { tagName }, ...more }) as unknown as KeyboardEvent;

test('a key is a shortcut, but not in a field and not with a modifier', () => {
  expect(isShortcut(key('p'))).toBe(true);
  expect(isShortcut(key('?', { shiftKey: true }))).toBe(true);
  expect(isShortcut(key('Enter', {}, 'BUTTON'))).toBe(true);
  for (const field of ['INPUT', 'SELECT', 'TEXTAREA'])
    expect(isShortcut(key('p', {}, field))).toBe(false);
  for (const modifier of ['metaKey', 'ctrlKey', 'altKey'])
    expect(isShortcut(key('p', { [modifier]: true }))).toBe(false);
});

test('a bracket that a keyboard types with Alt is still a shortcut', () => {
  expect(isShortcut(key('[', { altKey: true }))).toBe(true);
  expect(isShortcut(key(']', { altKey: true, ctrlKey: true }))).toBe(false);
});

test('a table of shortcuts runs its own keys only', () => {
  const pause = vi.fn();
  const listener = onShortcut({ p: pause });
  for (const event of [key('p'), key('q'), key('toString'), key('p', {}, 'INPUT')]) listener(event);
  expect(pause).toHaveBeenCalledTimes(1);
});

test('rows are walked by letters and by arrows', () => {
  expect(['j', 'ArrowDown', 'k', 'ArrowUp', 'x', 'constructor'].map(rowsOf)).toEqual([
    1,
    1,
    -1,
    -1,
    null,
    null,
  ]);
});
