import { expect, test } from 'vitest';
import { isWrapped, markTraced } from './patching.ts';

test('an object is marked once; what inherits from it is another one', () => {
  const prototype = {};
  expect([markTraced(prototype), markTraced(prototype)]).toEqual([true, false]);
  expect(markTraced(Object.create(prototype) as object)).toBe(true);
});

test('a method that somebody else wrapped is found, here and up the prototypes', () => {
  const send = Object.assign(() => undefined, { __wrapped: true });
  const target = { send, plain: () => undefined } as Record<string, unknown>;
  const heir = Object.create(target) as Record<string, unknown>;
  expect([isWrapped(target, 'send'), isWrapped(heir, 'send')]).toEqual([true, true]);
  expect([isWrapped(target, 'plain'), isWrapped(target, 'missing')]).toEqual([false, false]);
});
