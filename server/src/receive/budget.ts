import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/**
 * Bounds the memory that all requests together occupy while they are read, so that one hostile
 * sender cannot take all memory.
 */
export interface Budget {
  /** Bounds the bytes of one request after decompression. */
  readonly maxBytes: number;
  readonly inFlight: number;
  /**
   * Registers a request that is about to be read. `refuse` is called at most once, when the budget
   * is exhausted and this request is chosen to make room.
   */
  enter(refuse: (error: FermataError) => void): Reservation;
}

/** Holds the part of the budget that one request has reserved. */
export interface Reservation {
  /**
   * Sets the reserved bytes of this request to `bytes` in total. If all requests together then
   * exceed the budget, this request or other requests are refused.
   */
  reserve(bytes: number): void;
  /**
   * Returns the reserved bytes to the budget, which from then on refuses no more bytes of this
   * request. Further calls do nothing.
   */
  release(): void;
}

interface Holder {
  held: number;
  sinceMs: number;
  refuse(error: FermataError): void;
}

/**
 * Creates a budget. `maxTotal` bounds the memory, in bytes, that all requests in flight occupy. A
 * request occupies up to twice its size.
 */
export function createBudget(clock: Clock, maxBytes: number, maxTotal: number): Budget {
  const holders = new Set<Holder>();
  let inFlight = 0;

  const release = (holder: Holder): void => {
    if (holders.delete(holder)) inFlight -= holder.held;
  };
  /**
   * Returns the request with the largest product of reserved bytes and time since its start. This
   * request is refused instead of the newest one, because otherwise a few slow senders could shut
   * out all others.
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
