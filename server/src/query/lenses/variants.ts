import { hexOf } from '../../analyze/index.ts';
import type { VariantsAnswer } from '../../contract/index.ts';
import type { LensReader, Population } from '../../store/index.ts';
import { iso } from '../present.ts';
import { present, presentQuantiles, queryOf } from './population.ts';
import { bodyOf, examplesOf, learnNames } from './trait-names.ts';

/** Maximum number of variants that are read, so that those that are not listed can be counted. */
const MOST = 10_000;

/**
 * Lens: the variants of flows, which are the orders of their steps, with how many flows have each
 * and how these end.
 */
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
      types: sumsBy('type', outcomes, variant.id)
        .map(([type, flows]) => ({ type, flows }))
        .sort((a, b) => b.flows - a.flows || (a.type < b.type ? -1 : 1)),
      outcomes: Object.fromEntries(sumsBy('status', outcomes, variant.id)),
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

/** Returns the number of flows of one variant by type or status. */
function sumsBy(
  by: 'type' | 'status',
  rows: readonly { id: bigint; type: string; status: string; flows: number }[],
  variant: bigint,
): [string, number][] {
  const sums = new Map<string, number>();
  for (const row of rows)
    if (row.id === variant) sums.set(row[by], (sums.get(row[by]) ?? 0) + row.flows);
  return [...sums];
}
