import { createSubscriber } from 'svelte/reactivity';

/** Interval at which the clock advances, ms. It runs only while a component reads it. */
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
 * Returns the present time, epoch ms, from one clock that all components share. Thus all ages on a
 * screen refer to the same instant.
 */
export function now(): number {
  subscribe();
  return ms ?? Date.now();
}
