import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/**
 * Bounds the memory that all requests together hold while they are read, so that one hostile sender
 * cannot take it all.
 */
export interface Budget {
  /** Bounds the bytes that one request may have after decompression. */
  readonly maxBytes: number;
  readonly inFlight: number;
  /**
   * Registers a reader. `refuse` is called at most once, when other readers need the memory more.
   */
  enter(refuse: (error: FermataError) => void): Reservation;
}

/** Holds one reader's part of the budget. */
export interface Reservation {
  /** Sets the reservation to this many bytes in total. It may refuse other readers, or this one. */
  reserve(bytes: number): void;
  /** Gives the reservation back; the reader is not refused after it. Idempotent. */
  release(): void;
}

interface Holder {
  held: number;
  sinceMs: number;
  refuse(error: FermataError): void;
}

/**
 * Creates a budget. `maxTotal` bounds the bytes of memory that all requests in flight take, which
 * is up to twice their size.
 */
export function createBudget(clock: Clock, maxBytes: number, maxTotal: number): Budget {
  const holders = new Set<Holder>();
  let inFlight = 0;

  const release = (holder: Holder): void => {
    if (holders.delete(holder)) inFlight -= holder.held;
  };
  /**
   * Returns the holder with the largest product of bytes and time. Refusing the latest one instead
   * would let a few slow senders shut all others out.
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
