import { codeOf } from '../../analyze/index.ts';
import { flowsIn, quantiles, startedMs, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/**
 * Counts flows by type and environment, also in buckets of their start, and computes quantiles of
 * their durations.
 */
export const typeCounts = (counted: Counted, most: number, bucketMs: number): string => sql`
  SELECT
    type, environment,
    sumMap([intDiv(${startedMs}, ${bucketMs})], [1]) AS starts,
    count() AS flows,
    countIf(status = 'failed') AS failed,
    ${quantiles('duration_ms', '1')} AS quantiles,
    max(duration_ms) AS max,
    count() AS measured
  FROM ${flowsIn(counted, 'type, environment, status, started, duration_ms')}
  GROUP BY type, environment
  ORDER BY flows DESC, type, environment
  LIMIT ${most}`;

/**
 * Counts late and stuck flows by the step that they wait for, in buckets of the time when they
 * became late or stuck. Bucket -1 is for times before `fromMs`.
 */
export const heldTrend = (counted: Counted, fromMs: number, bucketMs: number): string => {
  const kinds = `(${codeOf('late')}, ${codeOf('stuck')})`;
  return sql`
  SELECT
    toString(trait) AS id,
    greatest(-1, toInt64(floor((ms - ${fromMs}) / ${bucketMs}))) AS bucket,
    count() AS flows
  FROM ${flowsIn(
    {
      ...counted,
      where: `${counted.where}\nAND arrayExists(one -> bitAnd(one, 15) IN ${kinds}, trait_ids)`,
    },
    'trait_ids, trait_ms',
  )}
  ARRAY JOIN trait_ids AS trait, trait_ms AS ms
  WHERE bitAnd(trait, 15) IN ${kinds} AND ms <= ${counted.nowMs}
  GROUP BY trait, bucket
  ORDER BY trait, bucket
  LIMIT 20000`;
};
