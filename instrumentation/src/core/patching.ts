/** Not exported, not even transitively. */
export type Carrier = Record<string, unknown>;

/** Names under which context travels with a message. */
export const travels = (name: string): boolean =>
  /^(traceparent|tracestate|baggage|fermata-[a-z-]+)$/.test(name);

/** On what was wrapped already: twice is once. */
export const TRACED = Symbol.for('fermata.traced');

/** Marks an object; false when it was marked before. */
export function markTraced(target: object): boolean {
  const own = target as { [TRACED]?: true };
  if (Object.hasOwn(target, TRACED)) return false;
  own[TRACED] = true;
  return true;
}

/** Did OpenTelemetry's own instrumentation (shimmer's `__wrapped`) patch this method, here or up the prototypes? */
export function isWrapped(target: Record<string, unknown>, method: string): boolean {
  for (
    let proto: object | null = target;
    proto !== null;
    proto = Object.getPrototypeOf(proto) as object | null
  )
    if (
      (Object.getOwnPropertyDescriptor(proto, method)?.value as { __wrapped?: boolean } | undefined)
        ?.__wrapped
    )
      return true;
  return false;
}
