import type { Status } from './flow.ts';
import type { UnixNanos } from './time.ts';

/** What a list of flows is filtered by. Every field narrows; absent means all. */
export interface FlowSearch {
  types?: string[];
  statuses?: Status[];
  services?: string[];
  environments?: string[];
  /** `name=value` or just a value: a business key, exactly. */
  key?: string;
  /** Key of an incident: the flows in it. */
  incident?: string;
  /** Words that must all occur in type, key, services, step names or badges. */
  text?: string;
  /** Started at or after … and before …. */
  from?: UnixNanos;
  to?: UnixNanos;
  limit: number;
  /** Position after the last item of the page before. */
  after?: { started: UnixNanos; id: string };
}
