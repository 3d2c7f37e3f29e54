import { tick } from 'svelte';
import { setQuery } from '../../router.svelte.ts';

/**
 * Selects a step and moves the focus to its details, because the link that was clicked may
 * disappear.
 */
export function jumpTo(stepId: string): void {
  setQuery({ step: stepId });
  void tick().then(() => document.getElementById('step-name')?.focus({ preventScroll: true }));
}
