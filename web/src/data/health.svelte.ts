import type { Health, HealthCondition } from '@fermata/server/contract';
import { api } from './api.ts';

/**
 * Health of the server as of the last request. The components that show it request it at intervals.
 */
let known = $state.raw<Health>({ ready: true, conditions: [] });
export const isReady = (): boolean => known.ready;
export const conditions = (): HealthCondition[] => known.conditions;

/**
 * Requests the health of the server. If the request fails, the last health stays;
 * `shell/Stale.svelte` then shows that the connection is lost.
 */
export async function loadHealth(): Promise<void> {
  known = await api.health().catch(() => known);
}
