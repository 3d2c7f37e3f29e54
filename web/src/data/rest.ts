/**
 * Pause after a request, as a multiple of the time that the request took. With 100, an open page
 * uses about 2 % of the server's time, however much data the server has, though the store
 * answers with more than one thread.
 */
const REST_FACTOR = 100;
/** Maximum pause after a slow request, ms. */
const MAX_REST_MS = 30_000;

/**
 * Returns a function that says how long to pause after a request that took some time, both in ms.
 * Of two requests the faster one counts, and there is no pause after the first: a server that has
 * just started answers slowly once, and a page would miss the first flow for half a minute. No
 * pause is longer than `maxMs`.
 */
export function createRest(maxMs = MAX_REST_MS): (tookMs: number) => number {
  let beforeMs = 0;
  return (tookMs) => {
    const usualMs = Math.min(tookMs, beforeMs);
    beforeMs = tookMs;
    return Math.min(maxMs, REST_FACTOR * usualMs);
  };
}
