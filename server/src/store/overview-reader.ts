import type { QueryRows } from './connection/port.ts';
import { measured, readsOf, type MeasuredRow } from './lens-reader.ts';
import type { OverviewReader } from './port/index.ts';
import { heldTrend, typeCounts } from './sql/overview.sql.ts';

/** Reads what an overview is made of, besides what lenses count. */
export function createOverviewReader(query: QueryRows): OverviewReader {
  const { counted, read } = readsOf(query);
  return {
    async countTypes(population, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<
        MeasuredRow & { type: string; environment: string; flows: string; failed: string }
      >(typeCounts(by, most), params);
      return rows.map(({ type, environment, flows, failed, ...row }) => ({
        ...{ type, environment, flows: Number(flows), failed: Number(failed) },
        durationMs: measured(row),
      }));
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
