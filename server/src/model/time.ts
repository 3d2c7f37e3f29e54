/**
 * An instant in nanoseconds since 1970, as in OTLP. It is a bigint, because a double rounds such
 * numbers by up to 256 ns.
 */
export type UnixNanos = bigint & { readonly __unit: 'ns since 1970' };

export const unixNanos = (value: bigint): UnixNanos => value as UnixNanos;
export const nanosFromMs = (ms: number): UnixNanos =>
  (BigInt(Math.round(ms * 1000)) * 1000n) as UnixNanos;
/** Returns a − b in ms, with fractions. The result is exact for differences below 104 days. */
export const msBetween = (b: UnixNanos, a: UnixNanos): number => Number(a - b) / 1_000_000;
export const later = (a: UnixNanos, b: UnixNanos): UnixNanos => (a > b ? a : b);
export const earlier = (a: UnixNanos, b: UnixNanos): UnixNanos => (a < b ? a : b);
/** Returns the instant in epoch ms, with fractions. */
export const msOf = (at: UnixNanos): number => Number(at / 1000n) / 1000;

/** Returns `at` + `shift`. Most shifts are zero, and then no new bigint is allocated. */
export const shifted = (at: UnixNanos, shift: bigint): UnixNanos =>
  shift === 0n ? at : unixNanos(at + shift);
