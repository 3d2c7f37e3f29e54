import type { Role, Settlement } from '../model/span.ts';

/**
 * Determines from a span how a consumer settled a message. If it returned or dead-lettered the
 * message, the handling failed, even if no span has an error. All functions are pure.
 */

/**
 * Settlements by the words that systems use for them, compared without case and separators. Words
 * for success and for other settlements, such as `complete` and `defer`, are not listed.
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

/**
 * Returns the last word of a span's name: `DeadLetter` of `Receiver.DeadLetter`, `nack` of `sub
 * nack`.
 */
export const lastWordOf = (name: string): string => /[^\s./]*$/.exec(name)![0];

/**
 * Returns how the message was settled; undefined if it was processed successfully or the span does
 * not say.
 */
export const settlementOf = (
  role: Role,
  stated: string,
  operationName: string,
  name: string,
): Settlement | undefined =>
  (stated === '' ? undefined : meaningOf(stated)) ??
  (role === 'settle' ? (meaningOf(operationName) ?? meaningOf(lastWordOf(name))) : undefined);
