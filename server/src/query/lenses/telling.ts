/** A value of something that flows have: of an attribute, of a key, an instance of a service. */
export interface Valued {
  /** What it is a value of. */
  of: string;
  /** True if it names an instance of a service, or the host of one. These are often replaced. */
  ofInstance: boolean;
  /** Flows of the one population that have it, and of the other. */
  here: number;
  there: number;
}

/** How many values something has in all, and flows per value of each population, on average. */
export interface Variety {
  values: number;
  here: number;
  there: number;
}

/**
 * Values from which on something may be nearly unique for each flow, and flows per value of a
 * population below which it is.
 */
const MANY = 10;
const FEW_FLOWS = 10;
/** Fewer instances than these may well have nothing in common in two populations. */
const MIN_SEPARATE = 3;
/** Share in the one population, by that in the other, up to which a value belongs to the latter. */
const ELSEWHERE = 0.1;
/** Share of a population that one value alone holds, and that the three most frequent ones hold. */
const MOST = 0.5;
const FEW_VALUES = 3;
const NEARLY_ALL = 0.9;

/**
 * Leaves out values that differ by chance or by time alone. Something that is nearly unique for
 * each flow, such as a port or a generated id, has some values in the one population and others in
 * the other; so have instances that were replaced. Such a value explains something only if it is
 * one of few that hold nearly all of a population. Other values that are separate, such as those of
 * tenants, may be the cause. A value is one of the population in which it is the more frequent:
 * few tenants with many failing flows each are told, however few flows each healthy one has.
 */
export function tellingOnly<V extends Valued>(
  all: readonly V[],
  hereFlows: number,
  thereFlows: number,
  varietyOf: (of: string) => Variety | undefined,
): V[] {
  const groups = new Map<string, V[]>();
  for (const one of all) groups.set(one.of, [...(groups.get(one.of) ?? []), one]);
  return [...groups].flatMap(([of, values]) => {
    const hereOf = ({ here }: Valued): number => here / Math.max(1, hereFlows);
    const thereOf = ({ there }: Valued): number => there / Math.max(1, thereFlows);
    const instances = values.filter(({ ofInstance }) => ofInstance);
    const areReplaced =
      instances.length >= MIN_SEPARATE &&
      instances.every((one) => isApart(hereOf(one), thereOf(one)));
    const variety = varietyOf(of) ?? varietyAmong(values);
    const holding = new Set([...holders(values, hereOf), ...holders(values, thereOf)]);
    return values.filter(
      (one) =>
        holding.has(one) ||
        (!isUnique(variety, hereOf(one) > thereOf(one) ? 'here' : 'there') &&
          !(areReplaced && one.ofInstance)),
    );
  });
}

const varietyAmong = (values: readonly Valued[]): Variety => ({
  values: values.length,
  here: flowsPerValue(values.map(({ here }) => here)),
  there: flowsPerValue(values.map(({ there }) => there)),
});
function flowsPerValue(flows: readonly number[]): number {
  const having = flows.filter((of) => of > 0);
  return having.reduce((sum, of) => sum + of, 0) / Math.max(1, having.length);
}
const isUnique = (variety: Variety, side: 'here' | 'there'): boolean =>
  variety.values >= MANY && variety[side] < FEW_FLOWS;
const isApart = (here: number, there: number): boolean =>
  Math.min(here, there) <= ELSEWHERE * Math.max(here, there);

/** Returns the few values that hold nearly all flows of a population. */
function holders<V extends Valued>(values: readonly V[], shareOf: (value: V) => number): V[] {
  const sorted = [...values].sort((a, b) => shareOf(b) - shareOf(a));
  let held = 0;
  for (const [i, one] of sorted.slice(0, FEW_VALUES).entries()) {
    held += shareOf(one);
    if (held >= NEARLY_ALL) return sorted.slice(0, i + 1);
  }
  return sorted.filter((one) => shareOf(one) >= MOST);
}

/**
 * Gathers values that the same numbers of flows have in both populations: they say the same, each
 * in its own words. The one with the fewest digits stands for all of them, because a person can
 * read it; the others are returned beside it.
 */
export function gathered<V extends { value: string; here: number; there: number }>(
  all: readonly V[],
): { one: V; alike: V[] }[] {
  const groups = new Map<string, V[]>();
  for (const value of all) {
    const key = `${value.here} ${value.there}`;
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()].map((group) => {
    const [one, ...alike] = [...group].sort(
      (a, b) => digitsIn(a.value) - digitsIn(b.value) || (a.value < b.value ? -1 : 1),
    );
    return { one: one!, alike };
  });
}
const digitsIn = (text: string): number => text.replace(/\D/g, '').length;
