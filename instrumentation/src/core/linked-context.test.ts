import { ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinkedContext } from './linked-context.ts';

const KEYS = ['a', 'b', 'c', 'd'].map((name) => Symbol(name));
const key = fc.constantFrom(...KEYS);
const change = fc.oneof(
  fc.record({ key, value: fc.integer() }),
  fc.record({ key, value: fc.constant(undefined) }),
);

/** Number of contexts of a chain. */
const lengthOf = (ctx: unknown): number =>
  ctx instanceof LinkedContext ? 1 + lengthOf((ctx as unknown as { parent: unknown }).parent) : 0;

test('has the values of a usual context after any changes, and no more entries than keys', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (before, changes) => {
      const apply = (ctx: Context, { key, value }: { key: symbol; value?: number | undefined }) =>
        value === undefined ? ctx.deleteValue(key) : ctx.setValue(key, value);
      const base = before.reduce(apply, ROOT_CONTEXT);
      const usual = changes.reduce(apply, base);
      const linked = changes.reduce(apply, LinkedContext.over(base));
      const valuesOf = (ctx: Context): unknown[] => KEYS.map((key) => ctx.getValue(key));
      expect(valuesOf(linked)).toEqual(valuesOf(usual));
      expect(lengthOf(linked)).toBeLessThanOrEqual(KEYS.length + 1);
    }),
  );
});

test('a change leaves the contexts from which it was made as they were', () => {
  const [a, b] = KEYS as [symbol, symbol];
  const first = LinkedContext.over(ROOT_CONTEXT).setValue(a, 1);
  const second = first.setValue(b, 2);
  second.setValue(a, 3);
  second.deleteValue(a);
  expect([first.getValue(a), second.getValue(a), first.getValue(b)]).toEqual([1, 1, undefined]);
  expect(LinkedContext.over(second)).toBe(second);
});
