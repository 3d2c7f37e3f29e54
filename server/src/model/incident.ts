import type { Severity } from './expectation.ts';

/**
 * Groups findings with one cause; this is what people are notified about. Instants are wall-clock
 * ms. Only its owner (`alert/incidents`) changes an incident; all other code gets a copy.
 */
export interface Incident {
  /** Identifies the cause (`cause.ts`). */
  readonly key: string;
  /**
   * Lists the keys of its findings: its own key, and those of incidents that turned out to have the
   * same cause.
   */
  readonly keys: readonly string[];
  /** Is made of the key and the opening instant: a cause that returns opens a new incident. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  /** If true, it ends when its flows move on; else some time after the last finding. */
  readonly lasting: boolean;
  readonly status: 'open' | 'resolved';
  readonly title: string;
  /** Describes the suspected cause in words; null where nothing points at one. */
  readonly cause: string | null;
  readonly environment: string;
  /** Taken from the finding that opened it, as the next four fields are. */
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
  readonly place: string | null;
  /** Names the unreachable dependency that errors report. */
  readonly dependency: string | null;
  /**
   * Names the channel that accepts no notifications: set on an incident of Fermata itself, which
   * counts notifications and not flows.
   */
  readonly channel: string | null;
  /** Lists its distinct parts, in order of appearance. */
  readonly parts: readonly IncidentPart[];
  /** Names the incident that it was merged into, by id; null: it stands alone. */
  readonly foldedInto: string | null;
  /** Counts all flows that were ever in it; `openCount` counts those in it now. */
  readonly count: number;
  readonly openCount: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly resolvedAt: number | null;
  /**
   * This many flows leave it per minute while it drains; `etaAt` is when it will be empty at that
   * rate.
   */
  readonly drainPerMinute: number | null;
  readonly etaAt: number | null;
  /**
   * Sums the value key over the flows in it now; null where no key is configured or no flow has it.
   */
  readonly value: number | null;
  readonly exampleFlowIds: readonly string[];
  readonly notes: readonly { readonly at: number; readonly text: string }[];
  readonly ack: { readonly at: number; readonly count: number; readonly note: string } | null;
  /** Its acknowledgement lapsed at this instant because it had grown tenfold; null: never. */
  readonly outgrownAt: number | null;
  readonly version: number;
}

/** Describes the step that one flow type misses, or fails at. */
export interface IncidentPart {
  readonly rule: string;
  readonly severity: Severity;
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
}

/** Returns its distinct flow types, in order of appearance. */
export const flowTypesOf = ({ parts }: Pick<Incident, 'parts'>): string[] => [
  ...new Set(parts.map(({ flowType }) => flowType)),
];

/** Reads a stored incident of this or an earlier version, and fills in the newer fields. */
export function storedIncident(stored: Partial<Incident> & Omit<Incident, NewFields>): Incident {
  const { key, rule, severity, flowType, service, step } = stored;
  return {
    keys: [key],
    dependency: null,
    channel: null,
    foldedInto: null,
    parts: [{ rule, severity, flowType, service, step }],
    ...stored,
  };
}
type NewFields = 'keys' | 'dependency' | 'channel' | 'parts' | 'foldedInto';

/**
 * Records a message to people about an incident. It is stored before it is sent, and sent until it
 * is accepted: delivery is at least once.
 */
export interface Notification {
  /** Is made of incident, event and channel: the receiver's idempotency key. */
  readonly id: string;
  readonly incidentId: string;
  readonly event: 'opened' | 'repeated' | 'resolved' | 'test';
  readonly channel: string;
  /** Holds the state of its delivery; `alert/transitions.ts` has the table. */
  readonly state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  /** Says in words why it was sent, held or dropped. */
  readonly reason: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAt: number;
  readonly lastError: string;
  /**
   * It was first refused at this instant, in ms; absent where it was not, or where an earlier
   * version stored it.
   */
  readonly failedAt?: number;
  readonly body: string;
  readonly version: number;
}

/**
 * Mutes matching incidents until it ends; those still open then are notified. An empty field
 * matches all.
 */
export interface Silence {
  readonly id: string;
  readonly rule: string;
  readonly flowType: string;
  readonly service: string;
  readonly createdAt: number;
  readonly until: number;
  readonly comment: string;
  readonly version: number;
}
