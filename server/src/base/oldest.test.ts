import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteOldest, oldestKey } from './oldest.ts';

test('the oldest key is the first that is left, whatever was removed and added again', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat({ max: 20 }) }),
    fc.record({ remove: fc.nat({ max: 20 }) }),
    fc.constant('oldest' as const),
    fc.constant('clear' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const set = new Set<number>();
      for (const one of steps) {
        if (one === 'clear') set.clear();
        else if (one === 'oldest') {
          const [first] = set;
          expect(oldestKey(set)).toBe(first);
          if (first !== undefined) set.delete(first);
        } else if ('add' in one) set.add(one.add);
        else set.delete(one.remove);
      }
    }),
  );
});

test('a full set takes no longer for each key, however large it is', () => {
  const workOf = (size: number): number => {
    const set = new Set<number>();
    let looked = 0;
    const keys = set.keys.bind(set);
    set.keys = () => {
      looked++;
      return keys();
    };
    for (let i = 0; i < size * 3; i++) {
      set.add(i);
      if (set.size > size) deleteOldest(set);
    }
    expect([...set][0]).toBe(size * 2);
    return looked;
  };
  // A collection of garbage may drop an iterator, so that there may be a few, but never one a key.
  for (const size of [100, 20_000]) expect(workOf(size)).toBeLessThan(size / 10);
});
