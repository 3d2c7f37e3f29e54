import type { Flow, FlowTypeSummary, MapAnswer } from '@fermata/server/contract';
import { Answer } from '../../data/answer.svelte.ts';
import { api } from '../../data/api.ts';

/**
 * Loads the statistics of the shown flow's type, and keeps them up to date. The map of the type is
 * loaded only if needed. A `TypeUsual` must be created by a component, because it uses effects.
 */
export class TypeUsual {
  #summary: Answer<FlowTypeSummary | null>;
  #map: Answer<MapAnswer | null>;

  constructor(flow: () => Flow | null, wantsMap: () => boolean) {
    const type = $derived(flow()?.type);
    const environment = $derived(flow()?.environment);
    const name = $derived(JSON.stringify([environment, type]));
    this.#summary = new Answer(
      () => name,
      async () => {
        if (type === undefined) return null;
        const { items } = await api.flowTypes();
        return items.find((one) => one.type === type && one.environment === environment) ?? null;
      },
      'seldom',
    );
    this.#map = new Answer(
      () => `${wantsMap()} ${name}`,
      async (signal) => {
        if (type === undefined || !wantsMap()) return null;
        // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed
        const query = new URLSearchParams({ type, ...(environment && { environment }) });
        return api.lens('map', query, signal);
      },
      'seldom',
    );
  }

  /** Statistics of the flow type; null while those of another type are still loaded. */
  get summary(): FlowTypeSummary | null {
    return this.#summary.isOld ? null : this.#summary.value;
  }

  get map(): MapAnswer | null {
    return this.#map.isOld ? null : this.#map.value;
  }
}
