import { flowsSeenAt } from './flows.sql.ts';
import { sql } from './sql.ts';

/**
 * Maximum lengths of the catalogue's lists. A query reads one element more than the maximum, in
 * order to learn whether the list is incomplete.
 */
export interface CatalogBounds {
  /** Maximum number of flow types, and of services. */
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
    quantile(0.5)(duration_ms) AS p50DurationMs,
    quantile(0.95)(duration_ms) AS p95DurationMs,
    toString(max(started)) AS lastStarted
  FROM ${flowsSeenAt(nowMs)}
  GROUP BY type, environment
  ORDER BY flows DESC
  LIMIT ${listed + 1}`;

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

/** Selects the destinations to which each service sends, or from which the service consumes. */
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
