import type { TraitsOf } from '../port/index.ts';
import { hasFlag, isOf, joinedFamilies } from './lenses.sql.ts';
import { flowsIn, type Counted } from './population.sql.ts';
import { sql } from './sql.ts';

/**
 * Two populations that one query compares. The query reads the flows that belong to `here`, to
 * `there` or to both.
 */
export interface Compared {
  either: Counted;
  here: string;
  there: string;
  /**
   * Number of flows in each population. Traits are sorted by their share of a population, so that
   * frequent traits of a small population are listed, too.
   */
  hereFlows: number;
  thereFlows: number;
}

const flowsOfEither = ({ either, here, there }: Compared, columns: string): string =>
  flowsIn(either, `(${here}) AS is_here, (${there}) AS is_there, ${columns}`);

const byShare = ({ hereFlows, thereFlows }: Compared): string =>
  `greatest(here / ${Math.max(1, hereFlows)}, there / ${Math.max(1, thereFlows)}) DESC`;

/** Counts the flows of two populations that have each trait. */
export const comparedTraits = (
  compared: Compared,
  { families, kinds, most }: Required<Omit<TraitsOf, 'byType' | 'measures'>>,
): string => {
  const columns = `cityHash64(id) AS flow,\n${joinedFamilies(families, kinds)}`;
  return sql`
    SELECT
      toString(trait) AS id,
      countIf(is_here AND ${hasFlag('first')}) AS here,
      countIf(is_there AND ${hasFlag('first')}) AS there,
      [toString(any(flow)), toString(anyLast(flow))] AS examples
    FROM (
      SELECT flow, is_here, is_there, trait, flags
      FROM ${flowsOfEither(compared, columns)}
      ARRAY JOIN ids AS trait, all_flags AS flags
      WHERE ${isOf(kinds)}
    )
    GROUP BY trait
    ORDER BY ${byShare(compared)}, trait
    LIMIT ${most}`;
};

export const comparedStatuses = (compared: Compared): string => sql`
  SELECT type, status, countIf(is_here) AS here, countIf(is_there) AS there
  FROM ${flowsOfEither(compared, 'type, status, variant')}
  WHERE variant != 0
  GROUP BY type, status`;

export const comparedKeys = (compared: Compared, most: number): string => sql`
  SELECT key.1 AS name, key.2 AS value, countIf(is_here) AS here, countIf(is_there) AS there
  FROM (
    SELECT is_here, is_there, arrayDistinct(arrayZip(key_names, key_values)) AS all_keys
    FROM ${flowsOfEither(compared, 'variant, key_names, key_values')}
    WHERE variant != 0
  )
  ARRAY JOIN all_keys AS key
  GROUP BY name, value
  HAVING here > 1 OR there > 1
  ORDER BY ${byShare(compared)}, name, value
  LIMIT ${most}`;
