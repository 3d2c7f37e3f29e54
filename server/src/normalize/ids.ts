/**
 * Patterns of span ids and trace ids, and two flags of OTLP spans. HAS_IS_REMOTE is set if the SDK
 * reports whether the parent is in another process. IS_REMOTE is set if it is.
 */
export const ID16 = /^[0-9a-f]{16}$/;
export const ID32 = /^[0-9a-f]{32}$/;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
/** The all-zero trace id, which OTLP defines as invalid. */
export const NO_TRACE = '0'.repeat(32);
