import { flowsIn, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/**
 * Counts flows by the values of several fields in one query. Selects at most `most` values of each
 * field.
 */
export const facetCounts = (counted: Counted, most: number): string => sql`
  SELECT facet.1 AS field, facet.2 AS value, count() AS flows
  FROM (
    SELECT
      arrayConcat(
        [('status', status), ('type', type), ('environment', environment)],
        arrayMap(service -> ('service', service), services)
      ) AS facets
    FROM ${flowsIn(counted, 'status, type, environment, services')}
  )
  ARRAY JOIN facets AS facet
  GROUP BY field, value
  ORDER BY field, flows DESC, value
  LIMIT ${most} BY field`;
