import type { QueryRows } from './connection/port.ts';
import { readsOf, uncounted } from './population-reads.ts';
import type { FacetCount, FacetReader, OverviewReader } from './port/index.ts';
import { measured, type MeasuredRow } from './rows/lens.ts';
import { facetCounts } from './sql/facets.sql.ts';
import { heldTrend, typeCounts } from './sql/overview.sql.ts';

/** Creates the reader of the counts that only the overview needs. */
export function createOverviewReader(
  query: QueryRows,
  now: () => number,
): OverviewReader & FacetReader {
  const { counted, read } = readsOf(query);
  return {
    async countTypes(population, most, bucketMs) {
      const { counted: by, params } = counted(population);
      const rows = await read<
        MeasuredRow &
          Record<'type' | 'environment' | 'flows' | 'failed', string> & {
            starts: [buckets: string[], flows: string[]];
          }
      >(typeCounts(by, most, bucketMs), params);
      return rows.map(({ type, environment, flows, failed, starts, ...row }) => ({
        ...{ type, environment, flows: Number(flows), failed: Number(failed) },
        durationMs: measured(row),
        starts: starts[0].map((bucket, i) => ({
          ...{ bucket: Number(bucket), flows: Number(starts[1][i]) },
        })),
      }));
    },
    async countFacets(search, most) {
      const { counted: by, params } = counted(uncounted(search, now()));
      const rows = await read<FacetCount & { flows: string }>(facetCounts(by, most), params);
      return rows.map((row) => ({ ...row, flows: Number(row.flows) }));
    },
    async heldTrend(population, { fromMs, bucketMs }) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ id: string; bucket: string; flows: string }>(
        heldTrend(by, fromMs, bucketMs),
        params,
      );
      return rows.map(({ id, bucket, flows }) => ({
        ...{ id: BigInt(id), bucket: Number(bucket), flows: Number(flows) },
      }));
    },
  };
}
