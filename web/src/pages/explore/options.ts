import type { Facet } from '@fermata/server/contract';

/** A value that a list can be narrowed to, and its flows; null while their number is not known. */
export interface Option {
  value: string;
  flows: number | null;
}

/**
 * Returns the values of a field, those with most flows first. Values that are known but have no
 * flows now follow, so that a value that was chosen is always there.
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
