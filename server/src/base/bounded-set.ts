import { deleteOldest } from './oldest.ts';
/** A set with a maximum size. When the set is full, adding a value removes the oldest one. */
export interface BoundedSet<T> {
  add(value: T): void;
  has(value: T): boolean;
}

export function createBoundedSet<T = string>(most: number): BoundedSet<T> {
  const values = new Set<T>();
  return {
    add(value) {
      values.add(value);
      if (values.size > most) deleteOldest(values);
    },
    has: (value) => values.has(value),
  };
}
