import type { Health, HealthCondition } from '@fermata/server/contract';
import { api } from './api.ts';

/** What is wrong with Fermata itself, as of the last time that it was asked for. */
let known = $state.raw<Health>({ ready: true, conditions: [] });
export const isReady = (): boolean => known.ready;
export const conditions = (): HealthCondition[] => known.conditions;

/** What cannot be asked for stays as it was: that there is no connection is said elsewhere. */
export async function loadHealth(): Promise<void> {
  known = await api.health().catch(() => known);
}
