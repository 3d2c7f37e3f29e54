import type { TrendBy } from '../port/index.ts';
import { flowsIn, isSampled, quantiles, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/**
 * Sums the critical-path segments of flows for each band of durations. Segment 0 is the sum of the
 * durations themselves.
 */
export const segmentShares = (
  counted: Counted,
  bands: readonly { fromMs: number; toMs: number }[],
): string => {
  const inBand = ({ fromMs, toMs }: { fromMs: number; toMs: number }): string =>
    `duration_ms >= ${fromMs} AND duration_ms <= ${toMs}`;
  return sql`
    SELECT
      toString(trait) AS id,
      ${bands.map((band, i) => `sumIf(ms, ${inBand(band)}) AS band${i}`).join(',\n')}
    FROM (
      SELECT duration_ms, segment_ids, segment_ms
      FROM ${flowsIn(counted, 'duration_ms, segment_ids, segment_ms')}
      WHERE ${bands.map(inBand).join(' OR ')}
    )
    ARRAY JOIN
      arrayPushBack(segment_ids, toUInt64(0)) AS trait,
      arrayPushBack(segment_ms, duration_ms) AS ms
    GROUP BY trait`;
};

/**
 * Time from a flow's first event named `pointFrom` to its first event named `pointTo` that is not
 * earlier, ms.
 */
const BETWEEN = sql`
  arrayMin(
    arrayFilter(
      (one, name) -> name = {pointTo:String} AND one >= first_from,
      event_times,
      event_names
    )
  ) - first_from`;

const measuredFlows = (counted: Counted, isBetween: boolean): string =>
  isBetween
    ? sql`
      (
        SELECT id, started, toFloat64(${BETWEEN}) AS ms
        FROM (
          SELECT
            id, started, event_times, event_names,
            arrayMin(
              arrayFilter((one, name) -> name = {pointFrom:String}, event_times, event_names)
            ) AS first_from
          FROM ${flowsIn(counted, 'id, started, event_times, event_names')}
          WHERE has(event_names, {pointFrom:String}) AND has(event_names, {pointTo:String})
        )
        WHERE arrayExists(
          (one, name) -> name = {pointTo:String} AND one >= first_from,
          event_times,
          event_names
        )
      )`
    : sql`
      (
        SELECT id, started, duration_ms AS ms
        FROM ${flowsIn(counted, 'id, started, duration_ms')}
      )`;

export const between = (counted: Counted): string => sql`
  SELECT
    ${quantiles('ms', '1')} AS quantiles,
    max(ms) AS max,
    count() AS measured
  FROM ${measuredFlows(counted, true)}`;

/** Counts flows in the cells of a grid: buckets of the start by ranges of the duration. */
export const spread = (
  counted: Counted,
  fromMs: number,
  bucketMs: number,
  boundsMs: readonly number[],
  isBetween: boolean,
): string => sql`
  SELECT
    intDiv(intDiv(started, 1000000) - ${fromMs}, ${bucketMs}) AS bucket,
    ${boundsMs.length === 0 ? '0' : `arrayCount(bound -> ms > bound, [${boundsMs.join(', ')}])`} AS row,
    count() AS count,
    toString(argMax(cityHash64(id), ms)) AS example
  FROM ${measuredFlows(counted, isBetween)}
  GROUP BY bucket, row
  ORDER BY bucket, row
  LIMIT 10000`;

const TREND_BY: Record<TrendBy, string> = {
  status: '[status]',
  type: '[type]',
  environment: '[environment]',
  service: 'services',
};

/**
 * Counts flows in buckets of their start, for each value of the field `by`. A flow with several
 * values (services) counts for each of them. The value '' counts all flows.
 */
export const trend = (counted: Counted, bucketMs: number, by: TrendBy): string => sql`
  SELECT
    intDiv(intDiv(started, 1000000), ${bucketMs}) AS bucket,
    value,
    count() AS flows,
    ${quantiles('duration_ms', isSampled(counted))} AS quantiles,
    max(duration_ms) AS max
  FROM (
    SELECT
      cityHash64(id) AS flow, started, duration_ms,
      arrayPushFront(${TREND_BY[by]}, '') AS all_values
    FROM ${flowsIn(counted, 'id, started, duration_ms, status, type, environment, services')}
  )
  ARRAY JOIN all_values AS value
  GROUP BY bucket, value
  ORDER BY bucket, flows DESC
  LIMIT 20000`;
