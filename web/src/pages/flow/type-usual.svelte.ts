import type { Flow, FlowTypeSummary, MapAnswer } from '@fermata/server/contract';
import { Answer } from '../../data/answer.svelte.ts';
import { api } from '../../data/api.ts';
import { flowTypes } from '../../data/catalog.svelte.ts';

/**
 * Tells the statistics of the shown flow's type, and keeps the map of the type up to date, which is
 * loaded only if needed. A `TypeUsual` must be created by a component, because it uses effects.
 */
export class TypeUsual {
  #flow: () => Flow | null;
  #map: Answer<MapAnswer | null>;

  constructor(flow: () => Flow | null, wantsMap: () => boolean) {
    this.#flow = flow;
    const type = $derived(flow()?.type);
    const environment = $derived(flow()?.environment);
    const name = $derived(JSON.stringify([environment, type]));
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

  /** Statistics of the flow type, which the catalog has; null until it is loaded. */
  get summary(): FlowTypeSummary | null {
    const flow = this.#flow();
    const isIts = ({ type, environment }: FlowTypeSummary): boolean =>
      type === flow?.type && environment === flow.environment;
    return flowTypes().find(isIts) ?? null;
  }

  get map(): MapAnswer | null {
    return this.#map.isOld ? null : this.#map.value;
  }
}
