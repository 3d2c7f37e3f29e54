import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/**
 * Limits the memory that all requests together use while they are being read, so that one hostile
 * sender cannot use up all memory.
 */
export interface Budget {
  /** Maximum size of one request after decompression, bytes. */
  readonly maxBytes: number;
  readonly inFlight: number;
  /**
   * Registers a request before it is read. `refuse` is called at most once: when the budget is
   * exhausted and this request is chosen to be aborted.
   */
  enter(refuse: (error: FermataError) => void): Reservation;
}

/** The share of the budget that one request has reserved. */
export interface Reservation {
  /**
   * Sets the total number of bytes that this request has reserved. If the budget is then exceeded,
   * this request or others are aborted.
   */
  reserve(bytes: number): void;
  /**
   * Returns the reserved bytes to the budget. Afterwards the request can no longer be aborted.
   * Further calls have no effect.
   */
  release(): void;
}

interface Holder {
  held: number;
  sinceMs: number;
  refuse(error: FermataError): void;
}

/**
 * Creates a budget. `maxTotal` is the maximum number of bytes that all requests together may
 * reserve. A request reserves up to twice its size, because its buffer grows by doubling.
 */
export function createBudget(clock: Clock, maxBytes: number, maxTotal: number): Budget {
  const holders = new Set<Holder>();
  let inFlight = 0;

  const release = (holder: Holder): void => {
    if (holders.delete(holder)) inFlight -= holder.held;
  };
  /**
   * Returns the request with the largest product of reserved bytes and age, which is aborted when
   * the budget is exceeded. If the newest request were aborted instead, a few slow senders could
   * block all others.
   */
  const largestHolder = (): Holder | undefined => {
    const now = clock.now();
    let found: Holder | undefined;
    let most = -1;
    for (const holder of holders) {
      const cost = holder.held * (now - holder.sinceMs + 1);
      if (cost <= most) continue;
      most = cost;
      found = holder;
    }
    return found;
  };

  return {
    maxBytes,
    get inFlight() {
      return inFlight;
    },
    enter(refuse) {
      const holder: Holder = { held: 0, sinceMs: clock.now(), refuse };
      holders.add(holder);
      return {
        reserve(bytes) {
          if (!holders.has(holder)) return;
          inFlight += bytes - holder.held;
          holder.held = bytes;
          while (inFlight > maxTotal) {
            const refused = largestHolder();
            if (refused === undefined) return;
            release(refused);
            refused.refuse(
              new FermataError(
                'intake.full',
                'too many bytes in flight, and this request held most for longest',
                {
                  retryable: true,
                },
              ),
            );
          }
        },
        release: () => release(holder),
      };
    },
  };
}
