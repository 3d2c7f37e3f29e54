import { hexOf } from '../../analyze/index.ts';
import type { VariantsAnswer } from '../../contract/index.ts';
import type { LensReader, Population } from '../../store/index.ts';
import { iso } from '../present.ts';
import { present, presentQuantiles, queryOf } from './population.ts';
import { bodyOf, examplesOf, learnNames } from './trait-names.ts';

/** Maximum number of variants that are looked at, so that those beyond the list can be counted. */
const MOST = 10_000;

/** The ways that flows take, by the order of their steps: how many take each, and how they end. */
export async function variantsLens(
  store: LensReader,
  population: Population,
  q: string,
  limit: number,
): Promise<VariantsAnswer> {
  const all = await store.countVariants(population, MOST);
  const shown = all.slice(0, limit);
  const ids = shown.map(({ id }) => id);
  const { outcomes, versions } = await store.variantDetails(population, ids);
  await learnNames(store, population, [...shown, ...versions]);
  const flowsOf = await examplesOf(store, population, shown);
  const listed = shown.reduce((sum, { flows }) => sum + flows, 0);
  return {
    ...present(population),
    items: shown.map((variant) => ({
      id: hexOf(variant.id),
      ...(bodyOf('variant', variant.id) ?? { steps: [], more: 0 }),
      flows: variant.flows,
      share: population.used === 0 ? 0 : variant.flows / population.used,
      outcomes: Object.fromEntries(
        outcomes.filter(({ id }) => id === variant.id).map(({ status, flows }) => [status, flows]),
      ),
      durationMs: presentQuantiles(variant.durationMs),
      firstAt: iso(variant.firstAt),
      lastAt: iso(variant.lastAt),
      versions: versions.flatMap((one) =>
        one.variant === variant.id ? (bodyOf('version', one.id) ?? []) : [],
      ),
      exampleFlowIds: flowsOf(variant),
      q: queryOf(q, `trait:${hexOf(variant.id)}`),
    })),
    others: { variants: all.length - shown.length, flows: population.used - listed },
  };
}
