import type { Severity } from './expectation.ts';
import type { Query } from './search.ts';

/**
 * Says which flows of a rule share an incident: those of one flow type, all flows that match the
 * rule, or those that have the same value of a business key.
 */
export type RuleGrouping = 'type' | 'rule' | `key:${string}`;

/**
 * Holds a rule that an operator wrote. The rule reports flows that have matched the query for at
 * least `forMs`.
 */
export interface QueryRule {
  name: string;
  query: Query;
  /** Holds the query as the operator wrote it. */
  text: string;
  severity: Severity;
  forMs: number;
  groupBy: RuleGrouping;
  /**
   * Tells where the rule was written. A rule of the file FERMATA_ALERTS is changed only there, and
   * wins over a rule of the same name from the dashboard.
   */
  source: 'file' | 'dashboard';
}

/**
 * Returns the value by which a rule groups a flow, as `name=value`; null if the rule does not group
 * by a business key, or the flow does not have that key.
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
 * Returns whether the match of a query says that something is missing, which a later span may still
 * take back.
 */
export const saysMissing = (query: Query): boolean =>
  query.kind === 'not' ||
  (query.kind === 'order' && query.not) ||
  ('of' in query && Array.isArray(query.of) && query.of.some(saysMissing));

/**
 * Returns whether the match of a flow is a condition, which lasts until the flow moves on. The
 * match of a flow that has ended is an event, because nothing takes it back: otherwise its incident
 * would stay open for as long as the flow is stored. A flow that only fell silent has ended, unless
 * the rule is about what did not come.
 */
export const matchLasts = (
  { query }: Pick<QueryRule, 'query'>,
  { phase, idleOutcome }: { phase: string; idleOutcome: string | null },
): boolean => (idleOutcome === null ? phase !== 'ended' : saysMissing(query));
