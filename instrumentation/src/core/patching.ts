/** Marks an object that is wrapped already, so that it is not wrapped twice. */
export const TRACED = Symbol.for('fermata.traced');

/** Marks an object; false when it was marked before. */
export function markTraced(target: object): boolean {
  const own = target as { [TRACED]?: true };
  if (Object.hasOwn(target, TRACED)) return false;
  own[TRACED] = true;
  return true;
}

/**
 * Tells whether OpenTelemetry's own instrumentation patched this method (shimmer's `__wrapped`), on
 * the object itself or up its prototypes.
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
