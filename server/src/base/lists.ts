/**
 * What `list.flatMap(of)` gives, for what every flow or span goes through: V8's defines each
 * element by a call into its runtime, which took 3 % of the server's CPU.
 */
export function flatMapped<T, R>(list: readonly T[], of: (one: T) => readonly R[]): R[] {
  const all: R[] = [];
  for (const one of list) for (const part of of(one)) all.push(part);
  return all;
}

/**
 * What `list.push(...more)` does, of any number: V8 gives its arguments the stack, which ends after
 * some 100,000.
 */
export function pushAll<T>(list: T[], more: Iterable<T>): void {
  for (const one of more) list.push(one);
}

/** The smallest; Infinity of none. Of any number, as `pushAll`. */
export const smallestOf = (numbers: readonly number[]): number =>
  numbers.reduce((least, one) => Math.min(least, one), Infinity);

/** A list that a bound was put on. */
export interface Cut<T> {
  items: T[];
  /** There are more. */
  incomplete: boolean;
}

/** Of a list that was asked for with one more than fits, to see whether there are more. */
export const cutTo = <T>(list: readonly T[], most: number): Cut<T> => ({
  items: list.slice(0, most),
  incomplete: list.length > most,
});

/**
 * How many of a list's first elements this holds of, where it holds of none after one of which it
 * does not.
 */
export function countWhile<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(list[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Lists by key, in the order of `list`. */
export function groupedBy<T>(list: Iterable<T>, keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** Puts it at the end of the key's list. */
export function append<K, T>(lists: Map<K, T[]>, key: K, one: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [one]);
  else list.push(one);
}
