import { expect, test } from 'vitest';
import { undoPair } from '../../model/duties.ts';
import type { DefinedStep, Definition } from '../../model/definition.ts';
import { declaredCompensationDuties } from './compensation-duties.ts';

const step = (
  name: string,
  after: string[] = [],
  compensatedBy: string | null = null,
): DefinedStep => ({
  ...{ name, after, compensatedBy, service: null, withinMs: 1000, optional: false, choice: 0 },
});
const duties = (undoInOrder: boolean, ...steps: DefinedStep[]) => {
  const definition: Definition = {
    ...{ type: 't', version: '', withinMs: null, steps, ends: [], undoInOrder },
  };
  return declaredCompensationDuties(definition);
};
const saga = [
  step('reserve', [], 'release'),
  step('check', ['reserve']),
  step('charge', ['check'], 'refund'),
];

test('a definition without undoing says nothing of it', () => {
  expect(duties(true, step('a'), step('b', ['a']))).toBeNull();
});

test('what can be undone has to be', () => {
  expect(duties(false, ...saga)).toEqual({
    ...{ owed: new Set(['reserve', 'charge']), order: new Set() },
  });
});

test('in order, each is undone before all that it came after, however far back', () => {
  expect(duties(true, ...saga)!.order).toEqual(
    new Set([undoPair('charge', 'check'), undoPair('charge', 'reserve')]),
  );
});

test('of alternatives with one name all that each came after counts', () => {
  const { order } = duties(
    true,
    step('a'),
    step('b'),
    step('pay', ['a']),
    step('pay', ['b']),
    step('ship', ['pay'], 'return'),
  )!;
  expect(order).toEqual(new Set(['pay', 'a', 'b'].map((before) => undoPair('ship', before))));
});

test('a ring comes to an end', () => {
  const ring = [step('a', ['b'], 'undo a'), step('b', ['a'])];
  expect(duties(true, ...ring)!.order.size).toBe(2);
});
