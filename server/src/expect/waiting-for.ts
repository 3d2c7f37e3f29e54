import type { WaitingFor } from '../model/expectation.ts';

type Needed = 'id' | 'step' | 'service' | 'since' | 'stuckAt' | 'basis' | 'absence';

/**
 * Maximum number of expectations reported for one flow; a thousand stalled parts are one stall to
 * the reader.
 */
export const MAX_WAITING = 50;

/**
 * Returns since when something is expected, ms: the sender's time, as far as its clock can be
 * trusted, and never later than its receipt.
 */
export const expectedSince = (
  { behindMs, receivedMs }: { behindMs: number; receivedMs: number },
  sendersMs: number,
): number => Math.min(sendersMs + behindMs, receivedMs);

/** Creates one certain expectation; unless more is known, it is expected when it is late. */
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
