import type { Param, QueryRows } from './connection/port.ts';
import { readsOf } from './population-reads.ts';
import type { LensReader, Points } from './port/index.ts';
import { finite, measured, type MeasuredRow } from './rows/lens.ts';
import * as durations from './sql/durations.sql.ts';

/** The members of `LensReader` that measure durations or count by time. */
export type DurationReader = Pick<LensReader, 'segmentShares' | 'spread' | 'between' | 'trend'>;

/** Creates the reader that measures how long flows and their parts take. */
export function createDurationReader(query: QueryRows): DurationReader {
  const { counted, read } = readsOf(query);
  const pointsOf = (points: Points | undefined): Record<string, Param> =>
    points === undefined ? {} : { pointFrom: points.from, pointTo: points.to };
  return {
    async segmentShares(population, bands) {
      const { counted: by, params } = counted(population);
      const rows = await read<Record<string, string | number>>(
        durations.segmentShares(by, bands),
        params,
      );
      const sums = (row: (typeof rows)[number] | undefined): number[] =>
        bands.map((_band, i) => finite(row?.[`band${i}`]));
      const all = sums(rows.find(({ id }) => id === '0'));
      return rows
        .filter(({ id }) => id !== '0')
        .map((row) => ({
          id: BigInt(row['id'] as string),
          shares: sums(row).map((ms, i) => (all[i]! > 0 ? ms / all[i]! : 0)),
        }));
    },
    async spread(population, { fromMs, bucketMs, boundsMs }, points) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ bucket: string; row: number; count: string; example: string }>(
        durations.spread(by, fromMs, bucketMs, boundsMs, points !== undefined),
        { ...params, ...pointsOf(points) },
      );
      return rows.map(({ bucket, row, count, example }) => ({
        ...{ bucket: Number(bucket), row: Number(row), count: Number(count), example },
      }));
    },
    async between(population, points) {
      const { counted: by, params } = counted(population);
      const all = { ...params, ...pointsOf(points) };
      const [row] = await read<MeasuredRow>(durations.between(by), all);
      return measured(row);
    },
    async trend(population, bucketMs, trendBy) {
      const { counted: by, params } = counted(population);
      const rows = await read<MeasuredRow & { bucket: string; value: string; flows: string }>(
        durations.trend(by, bucketMs, trendBy),
        params,
      );
      return rows.map(({ bucket, value, flows, ...row }) => ({
        ...{ bucket: Number(bucket), value, flows: Number(flows) },
        durationMs: measured({ ...row, measured: flows }),
      }));
    },
  };
}
