import type { Severity } from './expectation.ts';

/**
 * Findings with one cause: what people are told about. Instants are wall-clock ms. Nobody but the
 * owner (`alert/incidents`) changes one; whoever else gets one gets a copy.
 */
export interface Incident {
  /** One cause (`cause.ts`). */
  readonly key: string;
  /** Keys of the findings in it: its own, and those of incidents that were found to be the same. */
  readonly keys: readonly string[];
  /** The key and when it opened: a cause that comes back is a new incident. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  /** Ends when its flows move on; else a while after the last finding. */
  readonly lasting: boolean;
  readonly status: 'open' | 'resolved';
  readonly title: string;
  /** Suspected, in words; null where nothing points at it. */
  readonly cause: string | null;
  readonly environment: string;
  /** Of the finding that opened it, as the next four. */
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
  readonly place: string | null;
  /** What errors name that could not be reached. */
  readonly dependency: string | null;
  /**
   * The channel that takes no notifications: this is one of Fermata itself, and counts
   * notifications, not flows.
   */
  readonly channel: string | null;
  /** What it consists of, each once, the first first. */
  readonly parts: readonly IncidentPart[];
  /** Id of the incident that it was found to be one with; null: it is its own. */
  readonly foldedInto: string | null;
  /** Flows ever in it, and those in it now. */
  readonly count: number;
  readonly openCount: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly resolvedAt: number | null;
  /** Flows leaving it, per minute, while it drains; and when it will be empty at that rate. */
  readonly drainPerMinute: number | null;
  readonly etaAt: number | null;
  /**
   * Sum of the value key over the flows in it now; null where no key is configured or none has it.
   */
  readonly value: number | null;
  readonly exampleFlowIds: readonly string[];
  readonly notes: readonly { readonly at: number; readonly text: string }[];
  readonly ack: { readonly at: number; readonly count: number; readonly note: string } | null;
  /** When an acknowledgement ceased to hold because it was ten times worse; null: never. */
  readonly outgrownAt: number | null;
  readonly version: number;
}

/** What one flow type misses, or fails at. */
export interface IncidentPart {
  readonly rule: string;
  readonly severity: Severity;
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
}

/** Each flow type in it, the first first. */
export const flowTypesOf = ({ parts }: Pick<Incident, 'parts'>): string[] => [
  ...new Set(parts.map(({ flowType }) => flowType)),
];

/** As an earlier version stored it, or this one. */
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
 * A message to people about an incident. It is written down before it is sent, and sent until it is
 * taken: at least once.
 */
export interface Notification {
  /** Incident, event and channel: the receiver's idempotency key. */
  readonly id: string;
  readonly incidentId: string;
  readonly event: 'opened' | 'repeated' | 'resolved' | 'test';
  readonly channel: string;
  /** Where it is on its way; `alert/transitions.ts` has the table. */
  readonly state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  /** Why it was sent, held or dropped, in words. */
  readonly reason: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAt: number;
  readonly lastError: string;
  /** When it was first not taken, ms; absent where it was not, or an earlier version noted it. */
  readonly failedAt?: number;
  readonly body: string;
  readonly version: number;
}

/**
 * Nobody is told of matching incidents until it ends; what is still open then is told. An empty
 * field matches all.
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
