import { untrack } from 'svelte';

/**
 * Runs `work` immediately, and again whenever one of the values changes. Other state that `work`
 * reads does not cause it to run again. Used for effects that start a request, to name what the
 * request depends on.
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
