import type { Severity } from './expectation.ts';
import type { Query } from './search.ts';

/** A rule that an operator wrote: whatever flows answer the query, for at least so long. */
export interface QueryRule {
  name: string;
  query: Query;
  /** As it was written. */
  text: string;
  severity: Severity;
  forMs: number;
}
