import { expect, test } from 'vitest';
import { createSignal } from './signal.ts';

test('a listener hears what is told after it came, and is the only one', () => {
  const signal = createSignal<number>();
  const heard: number[] = [];
  signal.emit(1);
  signal.listen((value) => heard.push(value));
  signal.emit(2);
  expect(heard).toEqual([2]);
  expect(() => signal.listen(() => undefined)).toThrow('one listener');
});
