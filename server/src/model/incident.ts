import type { Severity } from './expectation.ts';

/**
 * Groups findings with one cause. People are notified about incidents. Instants are wall-clock ms.
 * Only `alert/incidents` changes an incident; all other code gets a copy.
 */
export interface Incident {
  /** Identifies the cause of the incident (`cause.ts`). */
  readonly key: string;
  /**
   * Lists the keys of the incident's findings: the incident's own key, and the keys of incidents
   * that turned out to have the same cause.
   */
  readonly keys: readonly string[];
  /**
   * Identifies the incident. The id is made of the key and the instant of opening, because the same
   * cause may return later and then opens a new incident.
   */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  /**
   * If true, the incident ends when its flows move on; otherwise it ends some time after its last
   * finding.
   */
  readonly lasting: boolean;
  readonly status: 'open' | 'resolved';
  readonly title: string;
  /** Describes the suspected cause in words; null if nothing points at a cause. */
  readonly cause: string | null;
  readonly environment: string;
  /** This and the next four fields are taken from the finding that opened the incident. */
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
  readonly place: string | null;
  /** Names the dependency that was unavailable to the flows; null if none is known. */
  readonly dependency: string | null;
  /**
   * Names the channel that accepts no notifications. Set only on an incident about Fermata itself,
   * which counts notifications instead of flows.
   */
  readonly channel: string | null;
  /**
   * Lists the different combinations of rule, flow type and step in the incident, in order of
   * appearance.
   */
  readonly parts: readonly IncidentPart[];
  /** Names the incident into which this incident was merged, by id; null: it was not merged. */
  readonly foldedInto: string | null;
  /**
   * Counts all flows that were ever in the incident; `openCount` counts the flows that are in it
   * now.
   */
  readonly count: number;
  readonly openCount: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly resolvedAt: number | null;
  /**
   * This many flows leave the incident per minute while their number falls. At that rate the last
   * flow leaves at `etaAt`.
   */
  readonly drainPerMinute: number | null;
  readonly etaAt: number | null;
  /**
   * Sums the values of the value key over the flows that are in the incident now; null if no value
   * key is configured or no flow has it.
   */
  readonly value: number | null;
  readonly exampleFlowIds: readonly string[];
  readonly notes: readonly { readonly at: number; readonly text: string }[];
  readonly ack: { readonly at: number; readonly count: number; readonly note: string } | null;
  /**
   * The acknowledgement lapsed at this instant because the incident had grown tenfold; null: that
   * never happened.
   */
  readonly outgrownAt: number | null;
  /**
   * Tells how many flows were in the incident over time: pairs of an instant, ms, and the number of
   * flows since then, oldest first.
   */
  readonly trend: readonly (readonly [atMs: number, openCount: number])[];
  readonly version: number;
}

/** Describes what is missing or fails at one step of one flow type in an incident. */
export interface IncidentPart {
  readonly rule: string;
  readonly severity: Severity;
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
}

/** Returns the different flow types of the incident, in order of appearance. */
export const flowTypesOf = ({ parts }: Pick<Incident, 'parts'>): string[] => [
  ...new Set(parts.map(({ flowType }) => flowType)),
];

/**
 * Returns a stored incident in the present form. Fields that an earlier version did not store get
 * default values.
 */
export function storedIncident(stored: Partial<Incident> & Omit<Incident, NewFields>): Incident {
  const { key, rule, severity, flowType, service, step } = stored;
  return {
    keys: [key],
    dependency: null,
    channel: null,
    foldedInto: null,
    trend: [],
    parts: [{ rule, severity, flowType, service, step }],
    ...stored,
  };
}
type NewFields = 'keys' | 'dependency' | 'channel' | 'parts' | 'foldedInto' | 'trend';

/**
 * Records a message to people about an incident. It is stored before it is sent, and sending is
 * repeated until the receiver accepts it, so that each message is delivered at least once.
 */
export interface Notification {
  /**
   * Identifies the notification, and is the receiver's idempotency key. It is made of incident,
   * event and channel.
   */
  readonly id: string;
  readonly incidentId: string;
  readonly event: 'opened' | 'repeated' | 'escalated' | 'resolved' | 'test';
  readonly channel: string;
  /**
   * Holds the state of the delivery. `alert/transitions.ts` lists the possible changes of state.
   */
  readonly state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  /** Says in words why the notification was sent, held or dropped. */
  readonly reason: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAt: number;
  readonly lastError: string;
  /**
   * The receiver first refused the notification at this instant, in ms; absent if the receiver
   * never refused, or if an earlier version stored the notification.
   */
  readonly failedAt?: number;
  readonly body: string;
  readonly version: number;
}

/**
 * Suppresses notifications of matching incidents until `until`. Then people are notified of the
 * incidents that are still open. An empty field matches every incident.
 */
export interface Silence {
  readonly id: string;
  readonly rule: string;
  readonly flowType: string;
  readonly service: string;
  /** Names the only incident that the silence is for, by id; '' or absent: any incident. */
  readonly incidentId?: string;
  readonly createdAt: number;
  readonly until: number;
  /** Is true if the silence also ends when its incident resolves. */
  readonly untilResolved?: boolean;
  readonly comment: string;
  readonly version: number;
}
