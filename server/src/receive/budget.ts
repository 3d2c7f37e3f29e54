import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/**
 * Memory that all requests together may hold while they are read. One hostile sender cannot take it
 * all.
 */
export interface Budget {
  /** Bytes after decompression that one request may have. */
  readonly maxBytes: number;
  readonly inFlight: number;
  /** Somebody begins to read; `refuse` is called at most once, when others need the room more. */
  enter(refuse: (error: FermataError) => void): Reservation;
}

/** The part of it that one reader holds. */
export interface Reservation {
  /** Sets it to so many bytes, in all. May refuse others, or this one. */
  reserve(bytes: number): void;
  /** Nothing is held, nobody is refused any more. Idempotent. */
  release(): void;
}

interface Holder {
  held: number;
  sinceMs: number;
  refuse(error: FermataError): void;
}

/** `maxTotal`: bytes that all requests in flight take: up to twice what they are. */
export function createBudget(clock: Clock, maxBytes: number, maxTotal: number): Budget {
  const holders = new Set<Holder>();
  let inFlight = 0;

  const release = (holder: Holder): void => {
    if (holders.delete(holder)) inFlight -= holder.held;
  };
  /**
   * Who held most for longest. To refuse who came last instead lets a few slow senders shut all
   * others out.
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
