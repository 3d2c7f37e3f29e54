import type { Severity } from './expectation.ts';
import type { Query } from './search.ts';

/**
 * Determines which flows of a rule share an incident: the flows of one flow type, all matching
 * flows, or the flows with the same value of a business key.
 */
export type RuleGrouping = 'type' | 'rule' | `key:${string}`;

/**
 * A rule written by an operator. It reports flows that have matched its query for at least `forMs`.
 */
export interface QueryRule {
  name: string;
  query: Query;
  /** The query as the operator wrote it. */
  text: string;
  severity: Severity;
  forMs: number;
  groupBy: RuleGrouping;
  /**
   * Where the rule was written. A rule from the file FERMATA_ALERTS can be changed only in the
   * file, and replaces a rule of the same name from the dashboard.
   */
  source: 'file' | 'dashboard';
}

/**
 * Returns the business key by which a rule groups this flow, as `name=value`; null if the rule does
 * not group by a key or the flow does not have it.
 */
export function groupValueOf(
  { groupBy }: Pick<QueryRule, 'groupBy'>,
  keys: readonly (readonly [string, string])[],
): string | null {
  if (!groupBy.startsWith('key:')) return null;
  const name = groupBy.slice('key:'.length);
  const found = keys.find(([key]) => key === name);
  return found === undefined ? null : `${name}=${found[1]}`;
}

/**
 * Returns whether a match of the query means that something is missing. A later span may then end
 * the match.
 */
export const saysMissing = (query: Query): boolean =>
  query.kind === 'not' ||
  (query.kind === 'order' && query.not) ||
  ('of' in query && Array.isArray(query.of) && query.of.some(saysMissing));

/**
 * Returns whether the match of a flow is a condition, which ends when the flow continues. The match
 * of an ended flow is an event, because nothing would end it, and its incident would stay open as
 * long as the flow is stored. A flow that became idle counts as ended, except for a rule about
 * something missing.
 */
export const matchLasts = (
  { query }: Pick<QueryRule, 'query'>,
  { phase, idleOutcome }: { phase: string; idleOutcome: string | null },
): boolean => (idleOutcome === null ? phase !== 'ended' : saysMissing(query));
