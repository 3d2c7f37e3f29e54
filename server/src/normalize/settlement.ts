import type { Role, Settlement } from '../model/span.ts';

/**
 * Reads from a span whether the consumer gave its message back, so that the handling failed even
 * though no span says so. All functions are pure.
 */

/**
 * Maps words for the settlement of a message to what they mean. Words for success and for other
 * settlements, such as `complete` or `defer`, are not listed. Case and separators do not count.
 */
const WORDS: ReadonlyMap<string, Settlement> = new Map<string, Settlement>(
  Object.entries({
    nack: 'returned',
    reject: 'returned',
    abandon: 'returned',
    requeue: 'returned',
    retry: 'returned',
    immediateretry: 'returned',
    delayedretry: 'returned',
    deadletter: 'dead-lettered',
    movetoerror: 'dead-lettered',
    movedtoerror: 'dead-lettered',
  }),
);
const meaningOf = (word: string): Settlement | undefined =>
  WORDS.get(word.toLowerCase().replaceAll(/[^a-z]/g, ''));

/** Returns what follows the last separator of a span's name: `Receiver.DeadLetter`, `sub nack`. */
export const lastWordOf = (name: string): string => /[^\s./]*$/.exec(name)![0];

/**
 * Returns how the message was settled; undefined if the span does not say, or if the handling
 * succeeded.
 */
export const settlementOf = (
  role: Role,
  stated: string,
  operationName: string,
  name: string,
): Settlement | undefined =>
  (stated === '' ? undefined : meaningOf(stated)) ??
  (role === 'settle' ? (meaningOf(operationName) ?? meaningOf(lastWordOf(name))) : undefined);
