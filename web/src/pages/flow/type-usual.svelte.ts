import type { Flow, FlowTypeSummary, MapAnswer } from '@fermata/server/contract';
import { api } from '../../data/api.ts';

/** For this long an answer is used again, because what is usual changes slowly, ms. */
const KEPT_MS = 300_000;

interface Kept<T> {
  atMs: number;
  answer: Promise<T>;
}

const types: { kept: Kept<FlowTypeSummary[]> | null } = { kept: null };
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- promises, which nothing renders
const maps = new Map<string, Kept<MapAnswer>>();
const MAX_MAPS = 20;
const isFresh = (kept: Kept<unknown> | null | undefined): boolean =>
  kept !== null && kept !== undefined && Date.now() - kept.atMs < KEPT_MS;

function askTypes(): Promise<FlowTypeSummary[]> {
  if (!isFresh(types.kept)) {
    const answer = api.flowTypes().then(({ items }) => items);
    types.kept = { atMs: Date.now(), answer };
    answer.catch(() => (types.kept = null));
  }
  return types.kept!.answer;
}

function askMap(key: string, query: URLSearchParams): Promise<MapAnswer> {
  const kept = maps.get(key);
  if (kept !== undefined && isFresh(kept)) return kept.answer;
  if (maps.size >= MAX_MAPS) maps.clear();
  const answer = api.lens('map', query);
  maps.set(key, { atMs: Date.now(), answer });
  answer.catch(() => maps.delete(key));
  return answer;
}

/** Loads what is usual for the type of the shown flow; the map of the type only when needed. */
export class TypeUsual {
  summary = $state.raw<FlowTypeSummary | null>(null);
  map = $state.raw<MapAnswer | null>(null);

  constructor(flow: () => Flow | null, wantsMap: () => boolean) {
    const type = $derived(flow()?.type);
    const environment = $derived(flow()?.environment);
    const isMapWanted = $derived(wantsMap());
    $effect(() => {
      const [name, scope] = [type, environment];
      this.summary = null;
      if (name === undefined || scope === undefined) return;
      let isWanted = true;
      askTypes().then(
        (items) => {
          const found = items.find((one) => one.type === name && one.environment === scope);
          if (isWanted) this.summary = found ?? null;
        },
        () => undefined,
      );
      return () => void (isWanted = false);
    });
    $effect(() => {
      const [name, scope] = [type, environment];
      this.map = null;
      if (name === undefined || scope === undefined || !isMapWanted) return;
      let isWanted = true;
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed
      const query = new URLSearchParams({ type: name, ...(scope && { environment: scope }) });
      askMap(`${scope}\0${name}`, query).then(
        (map) => void (isWanted && (this.map = map)),
        () => undefined,
      );
      return () => void (isWanted = false);
    });
  }
}
