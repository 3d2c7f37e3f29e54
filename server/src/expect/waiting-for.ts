import type { WaitingFor } from '../model/expectation.ts';

type Needed = 'id' | 'step' | 'service' | 'since' | 'stuckAt' | 'basis' | 'absence';

/** One flow says so many things at most; a thousand parts that stall are one stall to know of. */
export const MAX_WAITING = 50;

/**
 * Since when something is owed, ms: the sender's time, as far as its clock can be trusted, and
 * never later than it was heard of.
 */
export const expectedSince = (
  { behindMs, receivedMs }: { behindMs: number; receivedMs: number },
  sendersMs: number,
): number => Math.min(sendersMs + behindMs, receivedMs);

/**
 * One step that is owed for certain, expected when it is late at the latest, unless more is known.
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
