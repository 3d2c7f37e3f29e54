import type { Measured, TraitCount, VariantCount } from '../port/index.ts';

/** A count of flows of two populations, by `Names`. */
export type ComparedRow<Names extends string> = Record<'here' | 'there' | Names, string>;

export interface KeyRow {
  name: string;
  value: string;
  flows: string;
}
export const keyCount = ({ name, value, flows }: KeyRow) => ({ name, value, flows: Number(flows) });

export interface MeasuredRow {
  quantiles: (number | null)[];
  max: number;
  measured: string;
}
export interface PopulationRow extends Omit<MeasuredRow, 'measured'> {
  total: string;
  used: string;
  bands: number[];
  known: [hash: string, id: string][];
  firstAt: string;
  lastAt: string;
}
type Counts =
  | 'count'
  | 'flows'
  | 'failed'
  | 'retried'
  | 'compensated'
  | 'running'
  | 'deadLettered'
  | 'due'
  | 'totalMs'
  | 'newestMs'
  | 'leastMs'
  | 'mostMs'
  | 'number'
  | 'rank'
  | 'firstAt'
  | 'lastAt';
export type TraitRow = MeasuredRow & { id: string; type: string; examples: string[] } & Record<
    Counts,
    string | number
  >;
export type VariantRow = Omit<MeasuredRow, 'measured'> & {
  id: string;
  flows: string;
  firstAt: string;
  lastAt: string;
  examples: string[];
};

/** Returns the value as a number; 0 for what the engine writes for the mean of nothing. */
export const finite = (value: unknown): number => {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
};

export function measured(row: Partial<MeasuredRow> | undefined): Measured {
  const [p50, p90, p95, p99] = row?.quantiles ?? [];
  return {
    p50: finite(p50),
    p90: finite(p90),
    p95: finite(p95),
    p99: finite(p99),
    max: finite(row?.max),
    count: finite(row?.measured),
  };
}

export function traitCount({
  id,
  type,
  examples,
  quantiles,
  max,
  measured: count,
  ...rest
}: TraitRow): TraitCount {
  const counts = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, finite(value)]),
  ) as Record<Counts, number>;
  return {
    ...counts,
    id: BigInt(id),
    type,
    ms: measured({ quantiles, max, measured: count }),
    examples: [...new Set(examples)],
  };
}

export const variantCount = (row: VariantRow): VariantCount => ({
  id: BigInt(row.id),
  flows: Number(row.flows),
  durationMs: measured({ ...row, measured: row.flows }),
  firstAt: Number(row.firstAt),
  lastAt: Number(row.lastAt),
  examples: [...new Set(row.examples)],
});
