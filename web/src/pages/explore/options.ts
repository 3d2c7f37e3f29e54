import type { Facet } from '@fermata/server/contract';

/** A value of a filter field, and the number of flows that have it; null if not known. */
export interface Option {
  value: string;
  flows: number | null;
}

/**
 * Returns the values of a filter field, those with the most flows first. Known values without flows
 * follow, so that a chosen value is always in the list.
 */
export function optionsOf(
  facets: { items: Facet[] } | null,
  field: Facet['field'],
  known: readonly string[],
  chosen: string,
): Option[] {
  const facet = facets?.items.find((one) => one.field === field);
  const counted = (facet?.values ?? []).filter(({ value }) => value !== '');
  const there = new Set(counted.map(({ value }) => value));
  const others = [...new Set([...known, chosen])].filter(
    (value) => value !== '' && !there.has(value),
  );
  const flows = facet === undefined || facet.incomplete ? null : 0;
  return [...counted, ...others.map((value) => ({ value, flows }))];
}
