import type { Severity } from './expectation.ts';
import type { Query } from './search.ts';

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
}
