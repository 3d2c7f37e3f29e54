import { haveSameId, isUntyped, type FlowKey } from '../../model/keys.ts';

/**
 * Returns a set that tells whether the keys name no flow, one or several: it is empty, has the one
 * key, or has some of the several. An untyped key counts as the only typed key with the same id.
 */
export const fewKeysOf = (keys: Set<FlowKey>): Set<FlowKey> => withoutKinds(fewOf(keys));

/**
 * Returns keys that are none, one or several flows as the given ones are, whatever keys are added
 * to both. All that matters is which of these it is, so of several few are kept: a chain of
 * segments with an id below each would otherwise take time and memory by the square of its length.
 */
function fewOf(keys: Set<FlowKey>): Set<FlowKey> {
  if (keys.size < 3) return keys;
  const [first, ...others] = keys;
  const another = others.find((key) => !haveSameId(first!, key));
  if (another !== undefined) return new Set([first!, another]);
  const typed = [...keys].filter((key) => !isUntyped(key)).slice(0, 2);
  return typed.length < 2 ? keys : new Set(typed);
}

/** Returns the keys; an untyped key is replaced if exactly one typed key has the same id. */
function withoutKinds(keys: Set<FlowKey>): Set<FlowKey> {
  if (keys.size < 2) return keys;
  const typed = [...keys].filter((key) => !isUntyped(key));
  return new Set(
    [...keys].map((key) => {
      const same = isUntyped(key) ? typed.filter((one) => haveSameId(key, one)) : [];
      return same.length === 1 ? same[0]! : key;
    }),
  );
}
