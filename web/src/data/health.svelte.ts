import type { Health, HealthCondition } from '@fermata/server/contract';
import { api } from './api.ts';

/** Health of the server as of the last request. Components that show it request it again. */
let known = $state.raw<Health>({ ready: true, conditions: [] });
export const isReady = (): boolean => known.ready;
export const conditions = (): HealthCondition[] => known.conditions;

/**
 * Requests the health of the server. If the request fails, the known health stays, and
 * `shell/Stale.svelte` says that what is shown is old.
 */
export async function loadHealth(): Promise<void> {
  known = await api.health().catch(() => known);
}
