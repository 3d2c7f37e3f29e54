import type { FlowTypeSummary, SavedView } from '@fermata/server/contract';
import { api } from './api.ts';

/** Flow types and views as of the last request, which several parts of the page share. */
let types = $state.raw<FlowTypeSummary[]>([]);
let saved = $state.raw<SavedView[]>([]);

export const flowTypes = (): FlowTypeSummary[] => types;
export const savedViews = (): SavedView[] => saved;

/** Requests both again. A request that fails leaves what is known. */
export async function loadCatalog(): Promise<void> {
  const nothing = (): null => null;
  const [types_, views] = await Promise.all([
    api.flowTypes().catch(nothing),
    api.views().catch(nothing),
  ]);
  types = types_?.items ?? types;
  saved = views?.items ?? saved;
}
