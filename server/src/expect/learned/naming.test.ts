import { expect, test } from 'vitest';
import { createCounters } from '../../base/counters.ts';
import { manualClock } from '../../base/clock.ts';
import { createExpectations } from '../index.ts';
import { createTypeModel } from './model.ts';
import { toStored } from './stored.ts';
import { withNaming } from './naming.ts';

/** Returns a stored model that was learned from one flow with steps of these types. */
const learned = (...types: string[]): object => {
  const model = createTypeModel();
  model.flows.add([...types].sort(), 1);
  return toStored(model);
};
/** Returns whether anything is known about the type after loading. */
const isKnown = (json: string): boolean => {
  const expectations = createExpectations({
    clock: manualClock(),
    counters: createCounters(),
    settleMs: 1000,
    floorMs: 1000,
  });
  expectations.load([{ environment: 'prod', type: 'order', json }]);
  const known = expectations.inspect('order').length > 0;
  expectations.stop();
  return known;
};

test.each([
  ['of which all names are what they were', ['shop POST /orders', 'pay process payments'], true],
  [
    'whose consumers did not say from where they took',
    ['shop POST /orders', 'pay process '],
    false,
  ],
  ['the same, further on in a loop', ['pay process payments', 'pay receive \0again'], false],
  ['in which what was said of a flow was a step', ['desk flow-started', 'desk review'], false],
  ['with steps that have such names', ['desk flow-started by hand', 'desk process paper'], true],
])('a type %s', (_what, types, isKept) => {
  expect(isKnown(JSON.stringify(learned(...types)))).toBe(isKept);
  // A model that this version stored is kept, because its names are current.
  expect(isKnown(withNaming(learned(...types)))).toBe(true);
});
