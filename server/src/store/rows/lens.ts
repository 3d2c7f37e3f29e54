import type {
  AttributeCount,
  Measured,
  TraitCount,
  VariantCount,
  VersionRun,
} from '../port/index.ts';

/**
 * A row with the number of flows in each of two populations. `Names` are the columns that say what
 * was counted.
 */
export type ComparedRow<Names extends string> = Record<'here' | 'there' | Names, string>;

export interface KeyRow {
  name: string;
  value: string;
  flows: string;
  name_values: string;
  name_flows: string;
}
export const attributeCount = (row: KeyRow): AttributeCount => ({
  ...{ name: row.name, value: row.value, flows: Number(row.flows) },
  ...{ nameValues: Number(row.name_values), nameFlows: Number(row.name_flows) },
});

export interface MeasuredRow {
  quantiles: (number | null)[];
  max: number;
  measured: string;
}
export interface PopulationRow extends Omit<MeasuredRow, 'measured'> {
  total: string;
  used: string;
  open: string;
  bands: number[];
  known: [hash: string, id: string][];
  types: string[];
  firstAt: string;
  lastAt: string;
}
/** Zeros for all counts of a trait. A query returns only the counts that were requested. */
const NO_COUNTS = {
  ...{ count: 0, flows: 0, failed: 0, retried: 0, compensated: 0, running: 0, deadLettered: 0 },
  ...{ due: 0, totalMs: 0, newestMs: 0, leastMs: 0, mostMs: 0, number: 0, rank: 0 },
  ...{ firstAt: 0, lastAt: 0 },
};
type Counts = typeof NO_COUNTS;
export type TraitRow = Partial<MeasuredRow & Record<keyof Counts, string | number>> & {
  id: string;
  type: string;
  examples: string[];
};
export type VariantRow = Omit<MeasuredRow, 'measured'> & {
  id: string;
  flows: string;
  firstAt: string;
  lastAt: string;
  examples: string[];
};

/**
 * Returns the value as a number; 0 for `null` or `nan`, which the engine returns for an aggregate
 * over no rows.
 */
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

export function traitCount({ id, type, examples, ...row }: TraitRow): TraitCount {
  const { quantiles: _quantiles, max: _max, measured: _measured, ...rest } = row;
  const counts = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, finite(value)]),
  );
  return {
    ...NO_COUNTS,
    ...counts,
    ...{ id: BigInt(id), type, ms: measured(row) },
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

export interface VersionRow {
  service: string;
  environment: string;
  version: string;
  atMs: string;
  flows: string;
}

/** Returns a list for each service in each environment, in the order of the rows. */
export function versionRuns(rows: readonly VersionRow[]): VersionRun[][] {
  const lists = new Map<string, VersionRun[]>();
  for (const { service, environment, version, atMs, flows } of rows) {
    const name = `${service} ${environment}`;
    const list = lists.get(name) ?? [];
    list.push({ version: BigInt(version), atMs: Number(atMs), flows: Number(flows) });
    lists.set(name, list);
  }
  return [...lists.values()];
}
