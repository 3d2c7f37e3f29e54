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

export const flowTypes = (nowMs: number, { listed, named }: CatalogBounds): string => sql`
  SELECT
    type,
    environment,
    count() AS flows,
    countIf(phase != 'ended') AS open,
    countIf(status = 'failed') AS failed,
    countIf(status = 'stuck') AS stuck,
    countIf(status = 'late') AS late,
    arraySort(groupUniqArrayArray(${named + 1})(services)) AS services,
    ${USUAL.p50} AS p50DurationMs,
    ${USUAL.p95} AS p95DurationMs,
    toString(max(started)) AS lastStarted
  FROM ${flowsSeenAt(nowMs)}
  GROUP BY type, environment
  ORDER BY flows DESC
  LIMIT ${listed + 1}`;

/**
 * Quantiles of the duration of a flow type. The overview shows them, and queries compare flows with
 * them.
 */
const USUAL: Record<UsualQuantile, string> = {
  p50: 'quantile(0.5)(duration_ms)',
  p95: 'quantile(0.95)(duration_ms)',
};

/**
 * Returns an expression for the usual duration of flows with the same type and environment, ms. The
 * usual durations are computed once for a query, and `transform` finds them by a hash of the name.
 */
export const usualDuration = (quantile: UsualQuantile, nowMs: number): string => {
  const types = (list: 'names' | 'durations'): string => sql`
    (
      SELECT ${list === 'names' ? 'groupArray(type_name)' : 'groupArray(usual)'}
      FROM (
        SELECT
          ${TYPE_NAME} AS type_name,
          ${USUAL[quantile]} AS usual
        FROM ${flowsSeenAt(nowMs)}
        GROUP BY type_name
        ORDER BY type_name
      )
    )`;
  return sql`
    transform(
      ${TYPE_NAME},
      ${types('names')},
      ${types('durations')},
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

/**
 * Selects the destinations to which each service sends messages, and those from which it consumes
 * messages.
 */
export const destinationsOfServices = ({ named }: CatalogBounds): string => sql`
  SELECT
    name,
    environment,
    arraySort(groupUniqArrayIf(${named + 1})(destination, sending = 1)) AS sends,
    arraySort(groupUniqArrayIf(${named + 1})(destination, sending = 0)) AS consumes
  FROM (
    SELECT h.1 AS name, environment, h.2 AS destination, 1 AS sending
    FROM flows FINAL
    ARRAY JOIN arrayZip(hop_from_services, hop_destinations) AS h
    WHERE deleted = 0
    UNION ALL
    SELECT h.1 AS name, environment, h.2 AS destination, 0 AS sending
    FROM flows FINAL
    ARRAY JOIN arrayZip(hop_to_services, hop_destinations) AS h
    WHERE deleted = 0
  )
  WHERE name != ''
  GROUP BY name, environment`;

export const versionsOfServices = ({ versions }: CatalogBounds): string => sql`
  SELECT
    service AS name,
    environment,
    arraySort(groupUniqArray(${versions + 1})(version)) AS versions
  FROM records
  WHERE service != ''
  GROUP BY service, environment`;
