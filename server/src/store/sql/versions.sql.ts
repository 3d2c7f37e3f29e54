import { hasAny } from './lenses.sql.ts';
import { flowsIn, isSampled, startedMs, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/** Runs of one service that are read, the newest: where there are more, versions are mixed. */
const MAX_RUNS = 2000;

/**
 * Selects runs of flows with the same version, by environment and by the service of each version
 * (`services` beside `versions`). A flow with several versions of one service is in none.
 *
 * No lambda names a whole array: the engine copies such an array for each element, which took 17 GB
 * for 60,000 flows (guard: versions that run in turn, `seeded.test.ts`).
 */
export const versionRuns = (counted: Counted): string => {
  const service = (version: string): string => sql`
    transform(
      toString(${version}),
      {versions:Array(String)},
      {services:Array(String)},
      ''
    )`;
  return sql`
    SELECT
      service, environment,
      toString(run.2) AS version, toString(run.1) AS atMs, toString(run.3) AS flows
    FROM (
      SELECT
        service, environment,
        arraySort(groupArray((at, version))) AS ordered,
        arrayFilter(
          (one, before) -> one.2 = 1 OR one.1.2 != before.2,
          arrayZip(ordered, arrayEnumerate(ordered)),
          arrayShiftRight(ordered, 1)
        ) AS starts,
        arrayShiftLeft(arrayMap(one -> one.2, starts), 1, toUInt32(length(ordered) + 1)) AS ends,
        arraySlice(
          arrayMap((one, after) -> (one.1.1, one.1.2, after - one.2), starts, ends),
          -${MAX_RUNS}
        ) AS runs
      FROM (
        SELECT
          environment,
          ${startedMs} AS at,
          arrayFilter(
            one -> has({versions:Array(String)}, toString(one)),
            mark_ids
          ) AS known,
          arrayMap(
            one -> ${service('one')},
            known
          ) AS services_of,
          arrayJoin(
            arrayFilter((one, name) -> countEqual(services_of, name) = 1, known, services_of)
          ) AS version,
          ${service('version')} AS service
        FROM ${flowsIn(
          { ...counted, where: `${counted.where}\nAND ${hasAny(['version'], ['mark'])}` },
          'cityHash64(id) AS flow, started, environment, mark_ids',
        )}
        WHERE ${isSampled(counted)}
      )
      GROUP BY service, environment
    )
    ARRAY JOIN runs AS run
    ORDER BY service, environment, run.1
    LIMIT 100000`;
};

/** Selects those of the versions that any flow ran. */
export const versionsAmong = (counted: Counted): string => sql`
  SELECT DISTINCT toString(version) AS id
  FROM ${flowsIn(counted, 'mark_ids')}
  ARRAY JOIN
    arrayIntersect(
      mark_ids,
      arrayMap(one -> toUInt64(one), {versions:Array(String)})
    ) AS version`;
