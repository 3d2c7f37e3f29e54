import type { FlowTypeSummary, SavedView } from '@fermata/server/contract';
import { api } from './api.ts';

/** Flow types of the last request, shared by several parts of the dashboard. */
let types = $state.raw<FlowTypeSummary[]>([]);
let saved = $state.raw<SavedView[]>([]);

let hasFailed = $state(false);

/** Returns whether the last request for either failed. */
export const catalogFailed = (): boolean => hasFailed;
export const flowTypes = (): FlowTypeSummary[] => types;
export const savedViews = (): SavedView[] => saved;

/** Requests flow types and views again. If a request fails, the previous data stays. */
export async function loadCatalog(): Promise<void> {
  const nothing = (): null => null;
  const [types_, views] = await Promise.all([
    api.flowTypes().catch(nothing),
    api.views().catch(nothing),
  ]);
  hasFailed = types_ === null || views === null;
  types = types_?.items ?? types;
  saved = views?.items ?? saved;
}
