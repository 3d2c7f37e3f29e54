import type { WaitingFor } from '../model/expectation.ts';

type Needed = 'id' | 'step' | 'service' | 'since' | 'stuckAt' | 'basis' | 'absence';

/**
 * Maximum number of expectations reported for one flow, because to a reader a thousand stalled
 * parts of a flow are one stall.
 */
export const MAX_WAITING = 50;

/**
 * Returns the time, ms, since which something is expected: the sender's time, as far as the
 * sender's clock can be trusted, and never later than the time of receipt.
 */
export const expectedSince = (
  { behindMs, receivedMs }: { behindMs: number; receivedMs: number },
  sendersMs: number,
): number => Math.min(sendersMs + behindMs, receivedMs);

/**
 * Returns the time, ms, since which a message is expected to be taken. A step may send it long
 * after its first span was received, in a later attempt or after it answered, so this time is
 * bounded by the receipt of the span that ends last.
 */
export const expectedSinceSent = (
  { behindMs, endReceivedMs }: { behindMs: number; endReceivedMs: number },
  sentMs: number,
): number => expectedSince({ behindMs, receivedMs: endReceivedMs }, sentMs);

/**
 * Creates one certain expectation from what is known; fields that are not given get a default. The
 * default of `expectedAt` is the time at which the expectation is late.
 */
export const waitingFor = (known: Pick<WaitingFor, Needed> & Partial<WaitingFor>): WaitingFor => ({
  afterStepId: null,
  hopId: null,
  message: null,
  oneOf: [],
  certain: true,
  expectedAt: known.lateAt ?? known.stuckAt,
  lateAt: known.stuckAt,
  probability: 1,
  samples: 0,
  provisional: false,
  ...known,
});
