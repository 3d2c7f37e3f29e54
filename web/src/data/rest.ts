/**
 * Pause after a request, as a multiple of the time that the request took. The store answers with
 * nearly two threads at a time, so an answer costs the server up to twice its time. With 200, the
 * largest question of a page uses 1 % of a processor, which leaves 1 % for all others.
 */
const REST_FACTOR = 200;
/** The same for questions that are asked aside, such as the numbers beside named views. */
export const ASIDE_FACTOR = 600;
/** Maximum pause after a slow request, ms. */
const MAX_REST_MS = 30_000;

/**
 * Returns a function that says how long to pause after a request that took some time, both in ms.
 * Of two requests the faster one counts, and there is no pause after the first: a server that has
 * just started answers slowly once, and a page would miss the first flow for half a minute. No
 * pause is longer than `maxMs`.
 */
export function createRest(maxMs = MAX_REST_MS, factor = REST_FACTOR): (tookMs: number) => number {
  let beforeMs = 0;
  return (tookMs) => {
    const usualMs = Math.min(tookMs, beforeMs);
    beforeMs = tookMs;
    return Math.min(maxMs, factor * usualMs);
  };
}
