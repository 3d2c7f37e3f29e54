import type { Severity } from './expectation.ts';
import type { Query } from './search.ts';

/** A rule that an operator wrote: it reports flows that match the query for at least `forMs`. */
export interface QueryRule {
  name: string;
  query: Query;
  /** The query as the operator wrote it. */
  text: string;
  severity: Severity;
  forMs: number;
}
