/**
 * Match a span id and a trace id. `IS_REMOTE` is the OTLP flag that tells that the parent span is
 * in another process.
 */
export const ID16 = /^[0-9a-f]{16}$/;
export const ID32 = /^[0-9a-f]{32}$/;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
