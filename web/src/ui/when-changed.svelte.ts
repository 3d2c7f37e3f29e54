import { untrack } from 'svelte';

/**
 * Runs `work` at once and whenever one of the values changes, but for no other state that it reads.
 * An effect that starts a request uses it to name what the request depends on.
 */
export function whenChanged<const Values extends readonly unknown[]>(
  values: () => Values,
  work: (values: Values) => void | (() => void),
): void {
  $effect(() => {
    const current = values();
    return untrack(() => work(current));
  });
}
