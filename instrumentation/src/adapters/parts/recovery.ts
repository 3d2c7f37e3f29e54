/**
 * This file reads the headers by which rascal and @moleculer/channels mark a message that they send
 * again after a failure, or move to another queue.
 */
export interface Recovery {
  /** Message of the error with which an earlier attempt failed. */
  failure?: string;
  /** Number of this delivery of the message, 1 for the first. */
  attempt?: number;
  /** Queue in which the message failed before it was moved to this one. */
  deadLetteredFrom?: string;
}

interface RascalHeader {
  error?: { message?: unknown };
  recovery?: Record<string, { republished?: number; forwarded?: number }>;
}

/**
 * Returns what a message's headers tell about earlier failures. `queue` is where the message is
 * now.
 */
export function recoveryIn(headers: Record<string, unknown>, queue: string): Recovery {
  if (headers['rascal'] !== undefined) return rascalIn(headers['rascal'] as RascalHeader, queue);
  const recovery: Recovery = {};
  const redelivered = Number(headers['x-redelivered-count']);
  if (redelivered > 0) recovery.attempt = redelivered + 1;
  const channel = headers['x-original-channel'];
  const group = headers['x-original-group'];
  if (typeof channel === 'string') {
    recovery.deadLetteredFrom = typeof group === 'string' ? `${group}.${channel}` : channel;
    const error = headers['x-error-message'];
    recovery.failure =
      typeof error === 'string' && error !== ''
        ? error
        : `given up in ${recovery.deadLetteredFrom}`;
  }
  return recovery;
}

function rascalIn({ error, recovery = {} }: RascalHeader, queue: string): Recovery {
  const failure = error?.message;
  if (typeof failure !== 'string') return {};
  // Forwarding counts as an attempt, because rascal forwards a message to a delay queue, from which
  // the message returns to this queue.
  const { republished = 0, forwarded = 0 } = recovery[queue] ?? {};
  const again = republished + forwarded;
  const from = Object.keys(recovery).find((name) => name !== queue && recovery[name]!.forwarded);
  return {
    failure,
    ...(again > 0 && { attempt: again + 1 }),
    ...(from !== undefined && again === 0 && { deadLetteredFrom: from }),
  };
}
