/**
 * What `list.flatMap(of)` gives, for what every flow or span goes through: V8's defines each element by a call into its
 * runtime, which took 3 % of the server's CPU.
 */
export function flatMapped<T, R>(list: readonly T[], of: (one: T) => readonly R[]): R[] {
  const all: R[] = [];
  for (const one of list) for (const part of of(one)) all.push(part);
  return all;
}
