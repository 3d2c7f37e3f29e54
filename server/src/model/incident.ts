import type { Severity } from './expectation.ts';

/**
 * A group of findings with one cause, about which people are notified. Instants are epoch ms. Only
 * `alert/incidents` changes incidents; other code gets copies.
 */
export interface Incident {
  /** Key of the incident's cause (`cause.ts`). */
  readonly key: string;
  /**
   * Keys of the findings in the incident: its own key, and the keys of merged incidents that turned
   * out to have the same cause.
   */
  readonly keys: readonly string[];
  /**
   * Identifies the incident. The id is made of the key and the time of opening, because the same
   * cause may return later and then opens another incident.
   */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  /**
   * If true, the incident resolves when its flows continue. If false, it resolves some time after
   * its last finding.
   */
  readonly lasting: boolean;
  readonly status: 'open' | 'resolved';
  readonly title: string;
  /** Suspected cause, in words; null if there is no hint. */
  readonly cause: string | null;
  readonly environment: string;
  /** The next four fields and `dependency` are copied from the finding that opened the incident. */
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
  readonly place: string | null;
  /** Dependency that was unavailable to the flows; null if none is known. */
  readonly dependency: string | null;
  /**
   * Channel that refuses notifications. Set only on an incident about Fermata itself, which counts
   * notifications instead of flows.
   */
  readonly channel: string | null;
  /** Distinct combinations of rule, flow type and step in the incident, in order of appearance. */
  readonly parts: readonly IncidentPart[];
  /** Id of the incident into which this one was merged; null if it was not merged. */
  readonly foldedInto: string | null;
  /**
   * Number of flows that were ever in the incident. `openCount` is the number of flows that are in
   * it now.
   */
  readonly count: number;
  readonly openCount: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly resolvedAt: number | null;
  /**
   * Number of flows that leave the incident per minute; null unless their number is falling.
   * `etaAt` is the time when none will be left at this rate.
   */
  readonly drainPerMinute: number | null;
  readonly etaAt: number | null;
  /**
   * Sum of the configured value key over the flows that are in the incident now; null if no such
   * key is configured or no flow has it.
   */
  readonly value: number | null;
  readonly exampleFlowIds: readonly string[];
  readonly notes: readonly { readonly at: number; readonly text: string }[];
  readonly ack: { readonly at: number; readonly count: number; readonly note: string } | null;
  /**
   * Time when the acknowledgement lapsed because the incident had grown tenfold; null if that did
   * not happen.
   */
  readonly outgrownAt: number | null;
  /**
   * Number of flows in the incident over time: pairs of a time, epoch ms, and the number from that
   * time on, oldest first.
   */
  readonly trend: readonly (readonly [atMs: number, openCount: number])[];
  /** Services that fell silent before something was missed; part of `cause`. */
  readonly unheard: readonly Unheard[];
  readonly version: number;
}

/** A time during which nothing was received from a service, epoch ms. */
export interface Unheard {
  readonly service: string;
  readonly since: number;
  /** When something was received again; null while nothing was. */
  readonly until: number | null;
}

/** Possible causes of a finding outside its flow. */
export interface Suspicion {
  readonly unheard: Unheard | null;
  /** Other causes, in words, such as a new version or a queue that grows. */
  readonly others: readonly string[];
}
export const NO_SUSPICION: Suspicion = { unheard: null, others: [] };

/** A part of an incident: the findings of one rule at one step of one flow type. */
export interface IncidentPart {
  readonly rule: string;
  readonly severity: Severity;
  readonly flowType: string;
  readonly service: string | null;
  readonly step: string | null;
}

/** Returns the distinct flow types in the incident, in order of appearance. */
export const flowTypesOf = ({ parts }: Pick<Incident, 'parts'>): string[] => [
  ...new Set(parts.map(({ flowType }) => flowType)),
];

/**
 * Converts a stored incident to the current form. Fields that an earlier version did not store get
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
    unheard: [],
    parts: [{ rule, severity, flowType, service, step }],
    ...stored,
  };
}
type NewFields = 'keys' | 'dependency' | 'channel' | 'parts' | 'foldedInto' | 'trend' | 'unheard';

/**
 * A message to people about an incident. It is stored before it is sent, and sent again until the
 * receiver accepts it, so that it is delivered at least once.
 */
export interface Notification {
  /**
   * Identifies the notification, and serves as the idempotency key for the receiver. It is made of
   * the incident, the event and the channel.
   */
  readonly id: string;
  readonly incidentId: string;
  readonly event: 'opened' | 'repeated' | 'escalated' | 'resolved' | 'test';
  readonly channel: string;
  /** State of the delivery. `alert/transitions.ts` lists the possible changes of state. */
  readonly state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  /** Reason why the notification was sent, held or dropped, in words. */
  readonly reason: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAt: number;
  readonly lastError: string;
  /**
   * Time when the receiver first refused the notification, epoch ms. Absent if it never did, or if
   * an earlier version stored the notification.
   */
  readonly failedAt?: number;
  readonly body: string;
  readonly version: number;
}

/**
 * Suppresses the notifications of matching incidents until the time `until`. Afterwards people are
 * notified of matching incidents that are still open. An empty field matches every incident.
 */
export interface Silence {
  readonly id: string;
  readonly rule: string;
  readonly flowType: string;
  readonly service: string;
  /** Id of the only incident that the silence applies to; '' or absent if it may apply to any. */
  readonly incidentId?: string;
  readonly createdAt: number;
  readonly until: number;
  /** True if the silence also ends when its incident resolves. */
  readonly untilResolved?: boolean;
  readonly comment: string;
  readonly version: number;
}
