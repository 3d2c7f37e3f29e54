import type { Hop } from '../model/flow.ts';
import { nanosFromMs, unixNanos, type UnixNanos } from '../model/time.ts';

/** Returns whether the sender waited for the answer: a call, or a message that is a request. */
export const isAwaited = ({ sync, returned }: Hop): boolean => sync || returned !== null;

/**
 * Returns the instant at which the sender had finished sending, or began to if it waited for the
 * answer.
 */
export const sentAt = (hop: Hop): UnixNanos =>
  hop.sync || hop.received === null || hop.waitMs === null
    ? hop.sent
    : unixNanos(hop.received - nanosFromMs(hop.waitMs));
