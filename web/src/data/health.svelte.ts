import type { Health, HealthCondition } from '@fermata/server/contract';
import { api } from './api.ts';

/** The health is as old as its last request: who shows it asks again. */
let known = $state.raw<Health>({ ready: true, conditions: [] });
export const isReady = (): boolean => known.ready;
export const conditions = (): HealthCondition[] => known.conditions;

/** A failed request leaves the health as it was: `shell/Stale.svelte` says that it is old. */
export async function loadHealth(): Promise<void> {
  known = await api.health().catch(() => known);
}
