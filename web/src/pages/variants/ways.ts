import type { Variant, VariantsAnswer } from '@fermata/server/contract';
import { percent } from '../../ui/change.ts';
import { counted } from '@fermata/server/words';

/** The variants of one flow type. `usual` is the one with which the others are compared. */
export interface Ways {
  type: string;
  /** Number of flows of all listed variants. */
  flows: number;
  usual: Variant;
  variants: Variant[];
}

export const SORTS = [
  ['share', 'Most flows'],
  ['new', 'Newest'],
  ['slow', 'Slowest'],
  ['failed', 'Most trouble'],
] as const;
export type Sort = (typeof SORTS)[number][0];

export const readSort = (text: string | null): Sort =>
  SORTS.find(([name]) => name === text)?.[0] ?? 'share';

const OPEN = ['active', 'compensating', 'late', 'stuck'];
const TROUBLE = ['failed', 'timed_out', 'stuck', 'late'];
const sumOf = ({ outcomes }: Variant, statuses: readonly string[]): number =>
  statuses.reduce((sum, status) => sum + (outcomes[status] ?? 0), 0);

/** Returns whether all flows of a variant are still open, so that more steps may come. */
export const isUnderWay = (variant: Variant): boolean => sumOf(variant, OPEN) === variant.flows;

export const troubleOf = (variant: Variant): number => sumOf(variant, TROUBLE);

/**
 * Returns the variants by flow type, the type with the most flows first. A variant of several types
 * is listed under the type with most of its flows.
 */
export function waysOf({ items }: VariantsAnswer, sort: Sort): Ways[] {
  const groups = new Map<string, Variant[]>();
  for (const variant of items) {
    const type = variant.types[0]?.type ?? '';
    groups.set(type, [...(groups.get(type) ?? []), variant]);
  }
  return [...groups]
    .map(([type, variants]) => ({
      type,
      flows: variants.reduce((sum, { flows }) => sum + flows, 0),
      usual: usualOf(variants),
      variants: variants.toSorted(ORDERS[sort]),
    }))
    .sort((a, b) => b.flows - a.flows);
}

/**
 * Returns the variant with the most completed flows. Open flows do not count: while a service is
 * down, most of them may end at the same step, which is not usual.
 */
function usualOf(variants: readonly Variant[]): Variant {
  const completed = (variant: Variant): number => variant.outcomes['completed'] ?? 0;
  return variants.reduce((usual, variant) =>
    completed(variant) > completed(usual) ||
    (completed(variant) === completed(usual) && variant.flows > usual.flows)
      ? variant
      : usual,
  );
}

const ORDERS: Record<Sort, (a: Variant, b: Variant) => number> = {
  share: (a, b) => b.flows - a.flows,
  new: (a, b) => Date.parse(b.firstAt) - Date.parse(a.firstAt),
  slow: (a, b) => b.durationMs.p50 - a.durationMs.p50,
  failed: (a, b) => troubleOf(b) - troubleOf(a) || b.flows - a.flows,
};

/**
 * Returns the service versions that occur in flows of a variant but not in those of the usual
 * variant.
 */
export const versionsOnlyIn = (variant: Variant, usual: Variant): Variant['versions'] =>
  variant === usual
    ? []
    : variant.versions.filter(
        ({ service, version }) =>
          !usual.versions.some((one) => one.service === service && one.version === version) &&
          usual.versions.some((one) => one.service === service),
      );

/** Returns the share of each variant in its flow type, by the variant's id. */
export const sharesOf = (ways: readonly Ways[]): Map<string, number> =>
  new Map(
    ways.flatMap(({ variants, flows }) => variants.map(({ id, flows: of }) => [id, of / flows])),
  );

export function headline(ways: readonly Ways[], others: VariantsAnswer['others']): string {
  const count = ways.reduce((sum, { variants }) => sum + variants.length, others.variants);
  const flows = ways.reduce((sum, one) => sum + one.flows, others.flows);
  const usual = ways.reduce((sum, one) => sum + one.usual.flows, 0);
  const share = percent(flows === 0 ? 0 : usual / flows);
  if (ways.length > 1)
    return `${share} of flows take the usual way of their type; there are ${count} ways.`;
  const others_ = count - 1;
  if (others_ <= 0) return 'All flows take the same way.';
  return `${share} take the usual way; ${counted(others_, 'other way')} ${others_ === 1 ? 'is' : 'are'} taken.`;
}
