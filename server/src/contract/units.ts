/**
 * An instant, ISO 8601 in UTC, to the millisecond.
 *
 * @format date-time
 */
export type Instant = string;

/**
 * An instant in nanoseconds since 1970, as decimal digits: a number would lose the last ones.
 *
 * @pattern ^\d{1,20}$
 */
export type UnixNano = string;

/**
 * A whole number, 0 or more.
 *
 * @integer
 * @minimum 0
 */
export type Count = number;

/**
 * A part of a whole, from 0 to 1.
 *
 * @minimum 0
 * @maximum 1
 */
export type Share = number;
