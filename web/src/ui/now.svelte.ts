import { createSubscriber } from 'svelte/reactivity';

/** Interval of the clock, a state that ticks only while something on the page reads it. */
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
 * Returns the time of the one clock that all pages share, so that no two ages on a screen disagree.
 */
export function now(): number {
  subscribe();
  return ms ?? Date.now();
}
