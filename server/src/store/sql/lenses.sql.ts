import { codeOf, FLAGS, NUMBER_SHIFT, type TraitKind } from '../../analyze/index.ts';
import { BAND_RANKS, type TraitFamily, type TraitsOf } from '../port/index.ts';
import { flowsSeenAt } from './flows.sql.ts';
import { sql } from './sql.ts';

/**
 * Describes which flows a lens reads: those of a search (`search.sql.ts`), as they look at `nowMs`.
 */
export interface Counted {
  nowMs: number;
  where: string;
  /** There are few such flows, compared with all rows (`flowsIn`). */
  isFew: boolean;
  /** Quantiles are taken of one flow out of this many. */
  oneOf: number;
}

/**
 * Selects the flows of a search as they look at `nowMs`. `FINAL` merges all rows of the table
 * first, whichever are asked for. Where few are, it is faster to look for rows of any version that
 * match, and then to read the newest version of only these flows, which decides.
 */
export const flowsIn = ({ nowMs, where, isFew }: Counted, columns: string): string =>
  isFew
    ? sql`
      (
        SELECT ${columns}
        FROM ${flowsSeenAt(nowMs, newestOf(nowMs, where))}
        WHERE ${where}
      )`
    : sql`
      (
        SELECT ${columns}
        FROM ${flowsSeenAt(nowMs)}
        WHERE ${where}
      )`;

const newestOf = (nowMs: number, where: string): string => sql`
  (id, version) IN (
    SELECT id, max(version)
    FROM flows
    WHERE id IN (
      SELECT id
      FROM ${flowsSeenAt(nowMs, '1')}
      WHERE ${where}
    )
    GROUP BY id
  )`;

/** Columns that hold the traits of each family. */
const FAMILIES: Record<TraitFamily, { ids: string; ms: string; flags: string }> = {
  node: { ids: 'node_ids', ms: 'node_ms', flags: 'node_flags' },
  edge: { ids: 'edge_ids', ms: 'edge_ms', flags: 'edge_flags' },
  segment: {
    ids: 'segment_ids',
    ms: 'segment_ms',
    flags: `arrayWithConstant(length(segment_ids), toUInt32(${FLAGS.first}))`,
  },
  other: { ids: 'trait_ids', ms: 'trait_ms', flags: 'trait_flags' },
  mark: {
    ids: 'mark_ids',
    ms: 'arrayWithConstant(length(mark_ids), toFloat64(0))',
    flags: `arrayWithConstant(length(mark_ids), toUInt32(${FLAGS.first | FLAGS.unmeasured}))`,
  },
};

export const isSampled = ({ oneOf }: Counted): string =>
  oneOf === 1 ? '1' : `flow % ${oneOf} = 0`;
const has = (flag: keyof typeof FLAGS): string => `bitAnd(flags, ${FLAGS[flag]}) > 0`;
export const quantiles = (ms: string, condition: string): string =>
  `quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(${ms}, ${condition})`;
export const startedMs = 'intDiv(started, 1000000)';

/** Counts the flows of a search, and measures their durations. */
export const population = (counted: Counted): string => sql`
  SELECT
    count() AS total,
    countIf(variant != 0) AS used,
    ${quantiles('duration_ms', isSampled(counted))} AS quantiles,
    max(duration_ms) AS max,
    quantilesExactLowIf(${BAND_RANKS.join(', ')})(duration_ms, variant != 0) AS bands,
    toString(min(${startedMs})) AS firstAt,
    toString(max(${startedMs})) AS lastAt
  FROM (
    SELECT cityHash64(id) AS flow, variant, duration_ms, started
    FROM ${flowsSeenAt(counted.nowMs)}
    WHERE ${counted.where}
  )`;

/** Counts the traits of a family. `flow` is a hash, because ids would be copied for each trait. */
export const traitCounts = (
  counted: Counted,
  { families, kinds, most, byType = false }: TraitsOf,
): string => {
  const joined = (part: 'ids' | 'ms' | 'flags'): string => {
    const columns = families.map((family) => FAMILIES[family][part]);
    return columns.length === 1 ? columns[0]! : `arrayConcat(${columns.join(', ')})`;
  };
  const type = byType ? 'type' : "''";
  // Every flow has nodes. Where rarer kinds are asked for, flows without them are left out first.
  const having =
    kinds === undefined || kinds.includes('node')
      ? counted
      : { ...counted, where: `${counted.where}\nAND ${hasAny(kinds, joined('ids'))}` };
  return sql`
    SELECT
      toString(trait) AS id,
      flow_type AS type,
      count() AS count,
      countIf(${has('first')}) AS flows,
      countIf(${has('failed')}) AS failed,
      countIf(${has('retried')}) AS retried,
      countIf(${has('compensated')}) AS compensated,
      countIf(${has('running')}) AS running,
      countIf(${has('deadLettered')}) AS deadLettered,
      countIf(ms <= ${counted.nowMs} AND ${has('first')}) AS due,
      ${quantiles('ms', `isMeasured AND ${isSampled(counted)}`)} AS quantiles,
      maxIf(ms, isMeasured) AS max,
      countIf(isMeasured) AS measured,
      sumIf(ms, isMeasured) AS totalMs,
      argMax(ms, started) AS newestMs,
      min(ms) AS leastMs,
      max(ms) AS mostMs,
      max(bitShiftRight(flags, ${NUMBER_SHIFT})) AS number,
      avg(position) AS rank,
      toString(min(${startedMs})) AS firstAt,
      toString(max(${startedMs})) AS lastAt,
      [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
        AS examples
    FROM (
      SELECT
        cityHash64(id) AS flow, flow_type, started, trait, ms, flags, position,
        bitAnd(flags, ${FLAGS.unmeasured}) = 0 AS isMeasured
      FROM ${flowsIn(
        having,
        `id, ${type} AS flow_type, started, ${joined('ids')} AS ids,
        ${joined('ms')} AS all_ms, ${joined('flags')} AS all_flags`,
      )}
      ARRAY JOIN
        ids AS trait, all_ms AS ms, all_flags AS flags, arrayEnumerate(ids) AS position
      ${kinds === undefined ? '' : `WHERE ${isOf(kinds)}`}
    )
    GROUP BY trait, flow_type
    ORDER BY flows DESC, trait, flow_type
    LIMIT ${most}`;
};

const hasAny = (kinds: readonly TraitKind[], ids: string): string =>
  `arrayExists(one -> bitAnd(one, 15) IN (${kinds.map(codeOf).join(', ')}), ${ids})`;
const isOf = (kinds: readonly TraitKind[]): string =>
  `bitAnd(trait, 15) IN (${kinds.map(codeOf).join(', ')})`;

/** Counts the flows that have each trait of a kind, by buckets of their start. */
export const traitTrend = (
  counted: Counted,
  kind: TraitKind,
  fromMs: number,
  bucketMs: number,
): string => sql`
  SELECT
    toString(trait) AS id,
    intDiv(${startedMs} - ${fromMs}, ${bucketMs}) AS bucket,
    countIf(${has('first')}) AS flows
  FROM ${flowsIn(
    { ...counted, where: `${counted.where}\nAND ${hasAny([kind], 'trait_ids')}` },
    'started, trait_ids, trait_flags',
  )}
  ARRAY JOIN trait_ids AS trait, trait_flags AS flags
  WHERE ${isOf([kind])}
  GROUP BY trait, bucket
  ORDER BY trait, bucket
  LIMIT 100000`;

/**
 * Counts what follows failures in rows: the functions, version and instance of each. The order in
 * which `traitsOf` adds them tells which failure they belong to.
 */
export const failureOrigins = (counted: Counted): string => {
  const after = (places: number): string =>
    `arrayZip(trait_ids, arrayShiftLeft(trait_ids, ${places}))`;
  const isFailure = `bitAnd(pair.1, 15) = ${codeOf('failure')}`;
  return sql`
    SELECT
      toString(pair.1) AS failure,
      toString(pair.2) AS id,
      count() AS count,
      toString(any(flow)) AS example
    FROM (
      SELECT flow, arrayFilter(pair -> ${isFailure}, all_pairs) AS pairs
      FROM (
        SELECT
          flow,
          arrayConcat(
            ${[1, 2, 3].map(after).join(',\n')}
          ) AS all_pairs
        FROM ${flowsIn(
          { ...counted, where: `${counted.where}\nAND notEmpty(trait_ids)` },
          'cityHash64(id) AS flow, trait_ids',
        )}
      )
    )
    ARRAY JOIN pairs AS pair
    WHERE toString(pair.1) IN {failures:Array(String)}
    GROUP BY pair
    ORDER BY count DESC
    LIMIT 20000`;
};

/**
 * Counts pairs of steps that follow each other in order of their starts or ends. Steps with equal
 * times are in causal order, as the row holds them.
 */
export const directlyFollows = (
  counted: Counted,
  orderedBy: 'start' | 'end',
  most: number,
): string => {
  const at =
    orderedBy === 'start'
      ? 'step_starts'
      : 'arrayMap((start, ms) -> start + toUInt64(round(ms * 1000000)), step_starts, node_ms)';
  return sql`
    SELECT pair.1 AS from, pair.2 AS to, count() AS count
    FROM (
      SELECT
        arraySort(
          (name, at, position) -> (at, position),
          step_names,
          ${at},
          arrayEnumerate(step_names)
        ) AS ordered,
        arrayZip(arrayPushFront(ordered, ''), arrayPushBack(ordered, '')) AS pairs
      FROM ${flowsIn(counted, 'variant, step_names, step_starts, node_ms')}
      WHERE variant != 0
    )
    ARRAY JOIN pairs AS pair
    GROUP BY pair
    ORDER BY count DESC, from, to
    LIMIT ${most}`;
};

/** Counts variants. */
export const variantCounts = (counted: Counted, most: number): string => sql`
  SELECT
    toString(variant) AS id,
    count() AS flows,
    ${quantiles('duration_ms', isSampled(counted))} AS quantiles,
    max(duration_ms) AS max,
    toString(min(${startedMs})) AS firstAt,
    toString(max(${startedMs})) AS lastAt,
    [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
      AS examples
  FROM ${flowsIn(counted, 'cityHash64(id) AS flow, variant, duration_ms, started')}
  WHERE variant != 0
  GROUP BY variant
  ORDER BY flows DESC, variant
  LIMIT ${most}`;

/** Counts the flows of each variant by type and status. */
export const variantOutcomes = (counted: Counted): string => sql`
  SELECT toString(variant) AS id, type, status, count() AS flows
  FROM ${flowsIn(counted, 'variant, type, status')}
  WHERE toString(variant) IN {variants:Array(String)}
  GROUP BY variant, type, status`;

/**
 * Selects versions that flows of each variant have, at most 20 of each. `versionCode` is the code
 * of ids of that kind. Of many flows a sample is looked at.
 */
export const variantVersions = (counted: Counted, versionCode: number): string => sql`
  SELECT toString(variant) AS id, toString(version) AS version, toString(any(flow)) AS example
  FROM ${flowsIn(counted, 'cityHash64(id) AS flow, variant, mark_ids')}
  ARRAY JOIN arrayFilter(one -> bitAnd(one, 15) = ${versionCode}, mark_ids) AS version
  WHERE toString(variant) IN {variants:Array(String)} AND ${isSampled(counted)}
  GROUP BY variant, version
  ORDER BY count() DESC
  LIMIT 20 BY variant`;

/** Selects ids of flows in the order of a hash: a random choice that is always the same. */
export const sampledIds = (counted: Counted, limit: number): string => sql`
  SELECT id
  FROM ${flowsIn(counted, 'id, variant')}
  WHERE variant != 0
  ORDER BY cityHash64(id)
  LIMIT ${limit}`;

export const statusCounts = (counted: Counted): string => sql`
  SELECT type, status, count() AS flows
  FROM ${flowsIn(counted, 'type, status, variant')}
  WHERE variant != 0
  GROUP BY type, status
  ORDER BY flows DESC`;

export const keyCounts = (counted: Counted, most: number): string => sql`
  SELECT key.1 AS name, key.2 AS value, count() AS flows
  FROM (
    SELECT arrayDistinct(arrayZip(key_names, key_values)) AS all_keys
    FROM ${flowsIn(counted, 'variant, key_names, key_values')}
    WHERE variant != 0
  )
  ARRAY JOIN all_keys AS key
  GROUP BY name, value
  HAVING flows > 1
  ORDER BY flows DESC, name, value
  LIMIT ${most}`;

/** Counts attributes of spans and resources over some flows, each flow once for each value. */
export const attributeCounts = (most: number): string => sql`
  SELECT name, value, uniqExact(flow) AS flows
  FROM (
    SELECT id AS flow, arrayJoin(splitByChar(',', members)) AS span
    FROM flows FINAL
    WHERE id IN {ids:Array(String)} AND deleted = 0
  ) AS members
  INNER JOIN (
    SELECT
      concat(trace_id, span_id) AS span,
      arrayJoin(
        arrayConcat(
          JSONExtractKeysAndValuesRaw(splitByChar('\n', record)[2]),
          JSONExtractKeysAndValuesRaw(splitByChar('\n', record)[3])
        )
      ) AS attribute,
      attribute.1 AS name,
      trim(BOTH '"' FROM attribute.2) AS value
    FROM records
    WHERE trace_id IN (
      SELECT arrayJoin(trace_ids)
      FROM flows FINAL
      WHERE id IN {ids:Array(String)} AND deleted = 0
    )
  ) AS attributes
  USING (span)
  WHERE length(value) <= 200
  GROUP BY name, value
  HAVING flows > 1
  ORDER BY flows DESC, name, value
  LIMIT ${most}`;

/** Selects the ids of flows by the hashes that stand for them in examples. */
export const EXAMPLES = sql`
  SELECT DISTINCT toString(cityHash64(id)) AS hash, id
  FROM flows
  WHERE cityHash64(id) IN (
    SELECT arrayJoin(arrayMap(one -> toUInt64(one), {hashes:Array(String)}))
  )
  AND deleted = 0`;
