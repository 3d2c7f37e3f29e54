const FAILURE = /(fail(ed|ure)?|error|reject(ed)?|declined|denied|timed?.?out)$/i;
/**
 * Returns whether a message type or destination has a name that announces a failure, such as
 * `PaymentFailed`.
 */
export const tellsFailure = (name: string): boolean => FAILURE.test(name);
