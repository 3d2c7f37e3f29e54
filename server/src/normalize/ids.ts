/**
 * Patterns of a span id and a trace id, and two flags of an OTLP span: HAS_IS_REMOTE is set if the
 * SDK tells where the parent span is, and IS_REMOTE if the parent is in another process.
 */
export const ID16 = /^[0-9a-f]{16}$/;
export const ID32 = /^[0-9a-f]{32}$/;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
/** The trace id that is none. */
export const NO_TRACE = '0'.repeat(32);
