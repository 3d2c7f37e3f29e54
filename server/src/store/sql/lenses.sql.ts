import { codeOf, FLAGS, NUMBER_SHIFT, type TraitKind } from '../../analyze/index.ts';
import type { TraitFamily, TraitMeasure, TraitsOf } from '../port/index.ts';
import { flowsIn, isSampled, quantiles, startedMs, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/**
 * Columns that hold the traits of each family. `marks` is an alias for the selected ids of
 * `mark_ids` (see `joinedFamilies`).
 */
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
    ids: 'marks',
    ms: 'arrayWithConstant(length(marks), toFloat64(0))',
    flags: `arrayWithConstant(length(marks), toUInt32(${FLAGS.first | FLAGS.unmeasured}))`,
  },
};

/**
 * Returns columns `ids`, `all_ms` and `all_flags`, which contain the traits of all these families.
 * A flow has more marks than other traits, so marks of other kinds are filtered out before `ARRAY
 * JOIN` makes a row of each trait.
 */
export const joinedFamilies = (
  families: readonly TraitFamily[],
  kinds: readonly TraitKind[] | undefined,
): string => {
  const joined = (part: 'ids' | 'ms' | 'flags'): string => {
    const columns = families.map((family) => FAMILIES[family][part]);
    return columns.length === 1 ? columns[0]! : `arrayConcat(${columns.join(', ')})`;
  };
  const counted = kinds && `arrayFilter(one -> bitAnd(one, 15) IN (${codesOf(kinds)}), mark_ids)`;
  const columns = [`${joined('ids')} AS ids`, `${joined('ms')} AS all_ms`];
  if (families.includes('mark')) columns.unshift(`${counted ?? 'mark_ids'} AS marks`);
  return [...columns, `${joined('flags')} AS all_flags`].join(',\n');
};

export const hasFlag = (flag: keyof typeof FLAGS): string => `bitAnd(flags, ${FLAGS[flag]}) > 0`;

const MEASURES: Record<TraitMeasure, (counted: Counted) => string> = {
  due: ({ nowMs }) => `countIf(ms <= ${nowMs} AND ${hasFlag('first')}) AS due`,
  ms: () => sql`
    ${quantiles('ms', 'is_in_sample')} AS quantiles,
    maxIf(ms, is_measured) AS max,
    countIf(is_measured) AS measured`,
  totalMs: () => 'sumIf(ms, is_measured) AS totalMs',
  newestMs: () => 'argMax(ms, started) AS newestMs',
  range: () => 'min(ms) AS leastMs,\nmax(ms) AS mostMs',
  number: () => `max(bitShiftRight(flags, ${NUMBER_SHIFT})) AS number`,
  rank: () => 'avg(position) AS rank',
  times: () => sql`
    toString(intDiv(min(started), 1000000)) AS firstAt,
    toString(intDiv(max(started), 1000000)) AS lastAt`,
};

/**
 * Counts the traits of some families. Column `flow` is a hash, because `ARRAY JOIN` would copy a
 * whole id for each trait.
 */
export const traitCounts = (
  counted: Counted,
  { families, kinds, most, measures, byType = false }: TraitsOf,
): string => {
  // `ARRAY JOIN` copies the flow type for each trait. A LowCardinality column is cheaper to copy
  // than a string.
  const type = byType ? 'toLowCardinality(type) AS flow_type,\n' : '';
  const flowType = byType ? 'flow_type, ' : '';
  const position = measures.includes('rank') ? ', arrayEnumerate(ids) AS position' : '';
  // Marks of other kinds are filtered out already (`joinedFamilies`).
  const isFiltered = kinds === undefined || families.every((family) => family === 'mark');
  // Filter out flows that have no trait of these kinds. Every flow has nodes, so the filter is
  // useless if nodes are counted.
  const having =
    isFiltered || kinds.includes('node')
      ? counted
      : { ...counted, where: `${counted.where}\nAND ${hasAny(kinds, families)}` };
  return sql`
    SELECT
      toString(trait) AS id,
      ${byType ? 'flow_type' : "''"} AS type,
      count() AS count,
      countIf(${hasFlag('first')}) AS flows,
      countIf(${hasFlag('failed')}) AS failed,
      countIf(${hasFlag('retried')}) AS retried,
      countIf(${hasFlag('compensated')}) AS compensated,
      countIf(${hasFlag('running')}) AS running,
      countIf(${hasFlag('deadLettered')}) AS deadLettered,
      ${measures.map((measure) => `${MEASURES[measure](counted)},\n`).join('')}
      [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
        AS examples
    FROM (
      SELECT
        cityHash64(id) AS flow, ${flowType}started, trait, ms,
        flags${position && ', position'},
        bitAnd(flags, ${FLAGS.unmeasured}) = 0 AS is_measured,
        is_measured AND ${isSampled(counted)} AS is_in_sample
      FROM ${flowsIn(having, `id, started,\n${type}${joinedFamilies(families, kinds)}`)}
      ARRAY JOIN
        ids AS trait, all_ms AS ms, all_flags AS flags${position}
      ${isFiltered ? '' : `WHERE ${isOf(kinds)}`}
    )
    GROUP BY ${flowType}trait
    ORDER BY flows DESC, trait, type
    LIMIT ${most}`;
};

const codesOf = (kinds: readonly TraitKind[]): string => kinds.map(codeOf).join(', ');
export const hasAny = (kinds: readonly TraitKind[], families: readonly TraitFamily[]): string => {
  const columns = families.map((family) => (family === 'mark' ? 'mark_ids' : FAMILIES[family].ids));
  const ids = columns.length === 1 ? columns[0]! : `arrayConcat(${columns.join(', ')})`;
  return `arrayExists(one -> bitAnd(one, 15) IN (${codesOf(kinds)}), ${ids})`;
};
export const isOf = (kinds: readonly TraitKind[]): string =>
  `bitAnd(trait, 15) IN (${codesOf(kinds)})`;

/** Counts the flows of each type that have any edge of each group. Ids are written as numbers. */
export const havingEdges = (counted: Counted, groups: readonly (readonly bigint[])[]): string => {
  const having = (ids: readonly bigint[]): string => sql`
    countIf(hasAny(edge_ids, [
      ${ids.map(String).join(',\n')}
    ]))`;
  return sql`
    SELECT
      type,
      [
        ${groups.map(having).join(',\n')}
      ] AS flows
    FROM ${flowsIn(counted, 'type, edge_ids')}
    GROUP BY type
    ORDER BY type`;
};

/** Counts the flows that have each trait of a kind, in buckets of the time of their start. */
export const traitTrend = (
  counted: Counted,
  kind: TraitKind,
  fromMs: number,
  bucketMs: number,
): string => sql`
  SELECT
    toString(trait) AS id,
    intDiv(${startedMs} - ${fromMs}, ${bucketMs}) AS bucket,
    countIf(${hasFlag('first')}) AS flows
  FROM ${flowsIn(
    { ...counted, where: `${counted.where}\nAND ${hasAny([kind], ['other'])}` },
    'started, trait_ids, trait_flags',
  )}
  ARRAY JOIN trait_ids AS trait, trait_flags AS flags
  WHERE ${isOf([kind])}
  GROUP BY trait, bucket
  ORDER BY trait, bucket
  LIMIT 100000`;

/**
 * Counts the functions, version and instance of each failure. In a flow's row these three traits
 * directly follow the failure (see `TraitBodies`), so the failure is paired with each of the next
 * three traits.
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
 * Counts pairs of steps that directly follow each other, in the order of their starts or ends.
 * Steps with equal times keep their order in the row, which is the causal order.
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

/** Counts the flows of each variant, and measures their durations. */
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

/** Selects those of the variants that any flow took. */
export const variantsAmong = (counted: Counted): string => sql`
  SELECT DISTINCT toString(variant) AS id
  FROM ${flowsIn(counted, 'variant')}
  WHERE toString(variant) IN {variants:Array(String)}`;

/** Counts the flows of each variant by type and status. */
export const variantOutcomes = (counted: Counted): string => sql`
  SELECT toString(variant) AS id, type, status, count() AS flows
  FROM ${flowsIn(counted, 'variant, type, status')}
  WHERE toString(variant) IN {variants:Array(String)}
  GROUP BY variant, type, status`;

/**
 * Selects at most 20 service versions for each variant. `versionCode` is the code of trait ids of
 * kind `version`. In a large population only a sample of the flows is read.
 */
export const variantVersions = (counted: Counted, versionCode: number): string => sql`
  SELECT toString(variant) AS id, toString(version) AS version, toString(any(flow)) AS example
  FROM ${flowsIn(counted, 'cityHash64(id) AS flow, variant, mark_ids')}
  ARRAY JOIN arrayFilter(one -> bitAnd(one, 15) = ${versionCode}, mark_ids) AS version
  WHERE toString(variant) IN {variants:Array(String)} AND ${isSampled(counted)}
  GROUP BY variant, version
  ORDER BY count() DESC
  LIMIT 20 BY variant`;

/**
 * Selects flow ids in the order of their hash. The choice looks random, and is the same for every
 * query.
 */
export const sampledIds = (counted: Counted, limit: number): string => sql`
  SELECT id
  FROM ${flowsIn(counted, 'id, variant')}
  WHERE variant != 0
  ORDER BY cityHash64(id)
  LIMIT ${limit}`;

/**
 * Counts attributes of spans and resources over some flows, each flow once for each value. Beside
 * each value stand how many values its attribute has, and the sum of the flows of all of these.
 */
export const attributeCounts = (most: number): string => sql`
  SELECT name, value, flows, name_values, name_flows
  FROM (
    SELECT
      name, value, flows,
      count() OVER (PARTITION BY name) AS name_values,
      sum(flows) OVER (PARTITION BY name) AS name_flows
    FROM (
      ${attributeFlows}
    )
  )
  WHERE flows > 1
  ORDER BY flows DESC, name, value
  LIMIT ${most}`;

const attributeFlows = sql`
  SELECT name, value, uniqExact(flow) AS flows
  FROM (
    SELECT id AS flow, arrayJoin(splitByChar(',', members)) AS span
    FROM flows FINAL
    PREWHERE id IN {ids:Array(String)}
    WHERE deleted = 0
  ) AS members
  INNER JOIN (
    SELECT
      concat(trace_id, span_id) AS span,
      arrayJoin(
        arrayConcat(
          JSONExtractKeysAndValuesRaw(splitByChar('\\n', record)[2]),
          JSONExtractKeysAndValuesRaw(splitByChar('\\n', record)[3])
        )
      ) AS attribute,
      attribute.1 AS name,
      trim(BOTH '"' FROM attribute.2) AS value
    FROM records
    WHERE trace_id IN (
      SELECT arrayJoin(trace_ids)
      FROM flows FINAL
      PREWHERE id IN {ids:Array(String)}
      WHERE deleted = 0
    )
  ) AS attributes
  USING (span)
  WHERE length(value) <= 200
  GROUP BY name, value`;
