/**
 * Returns an object with only the named fields of another object. Use it for API responses: a
 * spread would also expose internal fields.
 */
export function pick<T extends object, const Name extends keyof T>(
  of: T,
  names: readonly Name[],
): Pick<T, Name> {
  const picked: Partial<T> = {};
  for (const name of names) if (of[name] !== undefined) picked[name] = of[name];
  return picked as Pick<T, Name>;
}
