import { diag } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { attempt } from './attempt.ts';

test('what cannot be prepared is warned of, and nothing is thrown', () => {
  const warn = vi.spyOn(diag, 'warn');
  expect(attempt(() => 7)).toBe(7);
  expect(warn).not.toHaveBeenCalled();
  const failure = new Error('wrong');
  expect(
    attempt(() => {
      throw failure;
    }),
  ).toBeUndefined();
  expect(warn).toHaveBeenCalledWith(expect.any(String), failure);
});
