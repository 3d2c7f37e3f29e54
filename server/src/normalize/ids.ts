/** Ids of spans and traces as text, and what OTLP's flags say of a parent. */
export const ID16 = /^[0-9a-f]{16}$/;
export const ID32 = /^[0-9a-f]{32}$/;
export const HAS_IS_REMOTE = 0x100;
export const IS_REMOTE = 0x200;
