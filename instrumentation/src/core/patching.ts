/** Key of the mark on objects that are wrapped already, so that no object is wrapped twice. */
export const TRACED = Symbol.for('fermata.traced');

/** Marks an object as wrapped. Returns false if the object had been marked before. */
export function markTraced(target: object): boolean {
  const own = target as { [TRACED]?: true };
  if (Object.hasOwn(target, TRACED)) return false;
  own[TRACED] = true;
  return true;
}

/**
 * Returns whether OpenTelemetry's own instrumentation has patched this method, of the object or of
 * one of its prototypes. Its patching library, shimmer, leaves the mark `__wrapped`.
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

/**
 * Returns a module with some of its exports replaced. It changes the module itself if possible and
 * makes a copy if the exports are read-only, as compilers often make them.
 */
export function withExports<M extends object>(module: M, changes: Partial<M>): M {
  try {
    for (const [name, value] of Object.entries(changes))
      Object.defineProperty(module, name, { value, configurable: true, enumerable: true });
    return module;
  } catch {
    const descriptors: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(module);
    for (const [name, value] of Object.entries(changes))
      descriptors[name] = { value, configurable: true, enumerable: true, writable: true };
    return Object.create(Object.getPrototypeOf(module) as object | null, descriptors) as M;
  }
}
