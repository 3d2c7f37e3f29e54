/**
 * Returns an object that has only the given fields of another one. What the API sends is made with
 * it: a spread would also send fields that only the server knows.
 */
export function pick<T extends object, const Name extends keyof T>(
  of: T,
  names: readonly Name[],
): Pick<T, Name> {
  const picked: Partial<T> = {};
  for (const name of names) if (of[name] !== undefined) picked[name] = of[name];
  return picked as Pick<T, Name>;
}
