import type { Health, HealthCondition } from '@fermata/server/contract';
import { api } from './api.ts';

/** Health as of the last request: components that show it request it again. */
let known = $state.raw<Health>({ ready: true, conditions: [] });
export const isReady = (): boolean => known.ready;
export const conditions = (): HealthCondition[] => known.conditions;

/**
 * Requests the health. A failed request leaves it as it was: `shell/Stale.svelte` says that it is
 * old.
 */
export async function loadHealth(): Promise<void> {
  known = await api.health().catch(() => known);
}
