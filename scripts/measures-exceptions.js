/**
 * Words of no field, each with the one that is searched for. Matched at the beginning of a word.
 */
export const BANNED_WORDS = new Map([]);

/** Places beyond a limit, each with how far and why. This list may only shrink. */
export const EXCEPTIONS = [];
