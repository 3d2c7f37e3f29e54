/**
 * These patterns match ids of spans and traces as text; the flags of OTLP tell whether the parent
 * is remote.
 */
export const ID16 = /^[0-9a-f]{16}$/;
export const ID32 = /^[0-9a-f]{32}$/;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
