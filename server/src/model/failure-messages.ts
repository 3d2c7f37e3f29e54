const FAILURE = /(fail(ed|ure)?|error|reject(ed)?|declined|denied|timed?.?out)$/i;
/** Returns whether a type of message, or a destination, has a name that tells of a failure. */
export const tellsFailure = (name: string): boolean => FAILURE.test(name);
