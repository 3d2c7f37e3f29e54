import type { UsualQuantile } from '../../model/search.ts';
import { flowsSeenAt } from './flows.sql.ts';
import { sql } from './sql.ts';

/**
 * Maximum lengths of the catalogue's lists. A query selects one element more than the maximum,
 * which reveals whether the list is incomplete.
 */
export interface CatalogBounds {
  /** Maximum number of flow types in a list, and of services in a list. */
  listed: number;
  /** Maximum number of services of a flow type, and of flow types or destinations of a service. */
  named: number;
  versions: number;
}

/** Lists flow types. With `isBefore`, flows that started before `{before}` are measured as well. */
export const flowTypes = (
  nowMs: number,
  { listed, named }: CatalogBounds,
  isBefore = false,
): string => sql`
  SELECT
    type,
    environment,
    count() AS flows,
    countIf(phase != 'ended') AS open,
    countIf(status = 'failed') AS failed,
    countIf(status = 'stuck') AS stuck,
    countIf(status = 'late') AS late,
    arraySort(groupUniqArrayArray(${named + 1})(services)) AS services,
    ${usualOf('p50')} AS p50DurationMs,
    ${usualOf('p95')} AS p95DurationMs,
    ${isBefore ? usualOf('p50', BEFORE) : 'NULL'} AS usualP50Ms,
    ${isBefore ? usualOf('p95', BEFORE) : 'NULL'} AS usualP95Ms,
    toString(max(started)) AS lastStarted
  FROM ${flowsSeenAt(nowMs)}
  GROUP BY type, environment
  ORDER BY flows DESC
  LIMIT ${listed + 1}`;

const RANKS: Record<UsualQuantile, number> = { p50: 0.5, p95: 0.95 };

/**
 * Measures what is usual of a flow type: over all of its flows, or over those that meet a
 * condition. It is `nan` if there are none.
 */
const usualOf = (quantile: UsualQuantile, condition?: string): string =>
  condition === undefined
    ? `quantile(${RANKS[quantile]})(duration_ms)`
    : `quantileIf(${RANKS[quantile]})(duration_ms, ${condition})`;
const BEFORE = 'started < {before:UInt64}';

/**
 * Returns the usual duration of the type of each flow, ms, in its environment; `nan` if it is not
 * known. Only flows that started before `before`, a placeholder, are measured, if it is given. The
 * types are looked up once for a query, and found by a hash of their names.
 */
export const usualDuration = (
  quantile: UsualQuantile,
  nowMs: number,
  before: string | null,
): string => {
  // The same text twice, of which the engine runs one.
  const types = sql`
    (
      SELECT (groupArray(type_name), groupArray(usual))
      FROM (
        SELECT
          ${TYPE_NAME} AS type_name,
          ${usualOf(quantile)} AS usual
        FROM ${flowsSeenAt(nowMs)}${before === null ? '' : `\nWHERE started < ${before}`}
        GROUP BY environment, type
        ORDER BY type_name
      )
    )`;
  return sql`
    transform(
      ${TYPE_NAME},
      ${types}.1,
      ${types}.2,
      nan
    )`;
};
const TYPE_NAME = 'concat(environment, char(0), type)';

export const STEP_NAMES = sql`
  SELECT arrayJoin(step_names) AS name
  FROM flows
  WHERE deleted = 0
  GROUP BY name
  ORDER BY count() DESC
  LIMIT 500`;

/** Lists the services, with how many steps they had and when the first and the last one began. */
export const servicesHeard = ({ listed }: CatalogBounds): string => sql`
  SELECT
    name,
    environment,
    count() AS steps,
    toString(min(at)) AS firstSeen,
    toString(max(at)) AS lastSeen
  FROM flows FINAL
  ARRAY JOIN step_services AS name, step_starts AS at
  WHERE deleted = 0
  GROUP BY name, environment
  ORDER BY name
  LIMIT ${listed + 1}`;

export const services = ({ listed, named }: CatalogBounds): string => sql`
  SELECT
    s.1 AS name,
    environment,
    count() AS steps,
    countIf(s.2 = 'failed') AS failedSteps,
    arraySort(groupUniqArray(${named + 1})(type)) AS flowTypes,
    toString(min(s.3)) AS firstSeen,
    toString(max(s.3)) AS lastSeen
  FROM flows FINAL
  ARRAY JOIN arrayZip(step_services, step_statuses, step_starts) AS s
  WHERE deleted = 0
  GROUP BY name, environment
  ORDER BY name
  LIMIT ${listed + 1}`;

/** Rows of before the column was added have no types, and `arrayZip` refuses unequal lengths. */
const TYPES_OF_HOPS = "arrayResize(hop_types, length(hop_destinations), '')";

/**
 * Selects the destinations and types of the messages that each service sends, and of those that it
 * consumes.
 */
export const messagesOfServices = ({ named }: CatalogBounds): string => {
  const listed = (column: string, sending: 0 | 1): string =>
    `arraySort(groupUniqArrayIf(${named + 1})(${column}, sending = ${sending} AND ${column} != ''))`;
  return sql`
    SELECT
      name,
      environment,
      ${listed('destination', 1)} AS sends,
      ${listed('destination', 0)} AS consumes,
      ${listed('message', 1)} AS sendsTypes,
      ${listed('message', 0)} AS consumesTypes
    FROM (
      SELECT h.1 AS name, environment, h.2 AS destination, h.3 AS message, 1 AS sending
      FROM flows FINAL
      ARRAY JOIN
        arrayZip(
          hop_from_services,
          hop_destinations,
          ${TYPES_OF_HOPS}
        ) AS h
      WHERE deleted = 0
      UNION ALL
      SELECT h.1 AS name, environment, h.2 AS destination, h.3 AS message, 0 AS sending
      FROM flows FINAL
      ARRAY JOIN
        arrayZip(
          hop_to_services,
          hop_destinations,
          ${TYPES_OF_HOPS}
        ) AS h
      WHERE deleted = 0
    )
    WHERE name != ''
    GROUP BY name, environment`;
};

export const versionsOfServices = ({ versions }: CatalogBounds): string => sql`
  SELECT
    service AS name,
    environment,
    arraySort(groupUniqArray(${versions + 1})(version)) AS versions
  FROM records
  WHERE service != ''
  GROUP BY service, environment`;
