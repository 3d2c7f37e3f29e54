import { expect, test } from 'vitest';
import { flowKeyOf, haveSameId, isUntyped, type FlowKey } from '../../model/keys.ts';
import { fewKeysOf } from './few-keys.ts';

const key = (id: string, type = '', kind = ''): FlowKey => flowKeyOf('', id, type, kind);
const KEYS = [
  ...[key('x'), key('x', '', 'order'), key('x', '', 'job'), key('x', 'a'), key('x', 'b')],
  ...[key('y'), key('y', 'a')],
];
/** Returns all sets of keys, each with its elements in both orders. */
const setsOf = (keys: readonly FlowKey[]): FlowKey[][] =>
  Array.from({ length: 2 ** keys.length }, (_, bits) =>
    keys.filter((_key, i) => (bits & (1 << i)) !== 0),
  ).flatMap((set) => (set.length < 2 ? [set] : [set, set.toReversed()]));

/** Returns the only flow that the keys name, or how many they name: 0, or 2 for several. */
function named(keys: Iterable<FlowKey>): FlowKey | number {
  const all = [...new Set(keys)];
  const typed = all.filter((one) => !isUntyped(one));
  const flows = new Set(
    all.map((one) => {
      const same = typed.filter((other) => haveSameId(one, other));
      return isUntyped(one) && same.length === 1 ? same[0]! : one;
    }),
  );
  return flows.size === 1 ? [...flows][0]! : Math.min(flows.size, 2);
}

test('few of the keys name what all of them name, whatever is added to them', () => {
  const sets = setsOf(KEYS);
  const wrong = sets.flatMap((some) => {
    const few = fewKeysOf(new Set(some));
    return sets
      .filter((more) => named(fewKeysOf(new Set([...few, ...more]))) !== named([...some, ...more]))
      .map((more) => [some, more]);
  });
  expect(wrong).toEqual([]);
  const many = Array.from({ length: 1000 }, (_, i) => key(`${i}`));
  expect(fewKeysOf(new Set(many)).size).toBe(2);
});
