/**
 * Maps words of the old dialect to the field's word for each. A key matches the beginning of a
 * word.
 */
export const BANNED_WORDS = new Map([]);

/** Places beyond a limit, each with how far and why. This list may only shrink. */
export const EXCEPTIONS = [];
