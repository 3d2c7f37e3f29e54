/** Key of the mark on objects that are wrapped already, so that they are not wrapped twice. */
export const TRACED = Symbol.for('fermata.traced');

/** Marks an object as wrapped. Returns false if the object had been marked before. */
export function markTraced(target: object): boolean {
  const own = target as { [TRACED]?: true };
  if (Object.hasOwn(target, TRACED)) return false;
  own[TRACED] = true;
  return true;
}

/**
 * Returns whether OpenTelemetry's own instrumentation patched this method (shimmer's `__wrapped`),
 * on the object itself or on one of its prototypes.
 */
export function isWrapped(target: Record<string, unknown>, method: string): boolean {
  let proto: object | null = target;
  while (proto !== null) {
    const own = Object.getOwnPropertyDescriptor(proto, method)?.value as
      { __wrapped?: boolean } | undefined;
    if (own?.__wrapped) return true;
    proto = Object.getPrototypeOf(proto) as object | null;
  }
  return false;
}
