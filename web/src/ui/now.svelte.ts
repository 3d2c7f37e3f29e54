import { createSubscriber } from 'svelte/reactivity';

/**
 * Interval at which the clock changes, ms. The clock runs only while something on the page reads
 * it.
 */
const TICK_MS = 1000;

let ms: number | null = null;
const subscribe = createSubscriber((update) => {
  ms = Date.now();
  const timer = setInterval(() => {
    ms = Date.now();
    update();
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    ms = null;
  };
});

/**
 * Returns the present time of the one clock that all components share, so that no two ages on a
 * screen disagree.
 */
export function now(): number {
  subscribe();
  return ms ?? Date.now();
}
