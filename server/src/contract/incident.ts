import type { Count, Instant } from './units.ts';
/** Findings that have the same cause. Instants are ISO 8601. */
export interface Incident {
  id: string;
  key: string;
  /**
   * Keys of the incident's findings. `/flows?incident=` takes the `key` of the incident and lists
   * the flows of all these keys.
   */
  keys: string[];
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  /**
   * True if the incident ends when its flows move on; otherwise it ends some time after its last
   * finding.
   */
  lasting: boolean;
  status: 'open' | 'resolved';
  title: string;
  cause: string | null;
  environment: string;
  /**
   * Flow type of the finding that opened the incident. `service`, `step` and `place` are taken from
   * the same finding.
   */
  flowType: string;
  flowTypes: string[];
  service: string | null;
  step: string | null;
  place: string | null;
  /** Name of the dependency that was unavailable to the flows; null if none is known. */
  dependency: string | null;
  /**
   * Name of the channel that accepts no notifications; null for other incidents. If set, the
   * incident counts notifications instead of flows.
   */
  channel: string | null;
  /** The different combinations of rule, flow type and step in the incident. */
  parts: {
    rule: string;
    severity: 'critical' | 'warning' | 'info';
    flowType: string;
    service: string | null;
    step: string | null;
  }[];
  /** Id of the incident into which this incident was merged; null if it was not merged. */
  foldedInto: string | null;
  count: Count;
  openCount: Count;
  firstAt: Instant;
  lastAt: Instant;
  resolvedAt: Instant | null;
  drainPerMinute: number | null;
  etaAt: Instant | null;
  /**
   * Sum of the values of the key FERMATA_VALUE_KEY over the flows that are in the incident now;
   * null if there is no sum.
   */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: Instant; text: string }[];
  ack: { at: Instant; note: string } | null;
  /**
   * Number of flows in the incident over time, oldest first: `open` flows from `at` until the next
   * entry. At most 60 entries.
   */
  trend: { at: Instant; open: Count }[];
  version: Count;
}

export interface IncidentList {
  items: Incident[];
  /** Number of all incidents that match, including those that are not listed. */
  total: Count;
  incomplete: boolean;
}

/**
 * A message to people about an incident. `reason` tells why the message was sent, held or dropped.
 */
export interface Notification {
  id: string;
  incidentId: string;
  event: 'opened' | 'repeated' | 'escalated' | 'resolved' | 'test';
  channel: string;
  state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  reason: string;
  attempts: Count;
  createdAt: Instant;
  nextAt: Instant;
  /** When the state changed last. For a notification that was sent, this is when it was sent. */
  changedAt: Instant;
  lastError: string;
}

/**
 * A silence suppresses notifications of matching incidents until `until`. An empty field matches
 * every incident.
 */
export interface Silence {
  id: string;
  rule: string;
  flowType: string;
  service: string;
  /** Id of the only incident to which the silence applies; '' if it applies to any incident. */
  incidentId: string;
  createdAt: Instant;
  until: Instant;
  /** True if the silence also ends when its incident resolves. */
  untilResolved: boolean;
  comment: string;
}

/**
 * A silence as a client requests it. An empty field matches every incident, but at least one field
 * has to be given.
 */
export interface SilenceDraft {
  rule?: string;
  flowType?: string;
  service?: string;
  incidentId?: string;
  minutes?: number;
  untilResolved?: boolean;
  comment?: string;
}

/** What a silence would suppress now. */
export interface SilencePreview {
  /** Number of flows in the incidents of `held`. */
  flows: Count;
  held: { id: string; title: string; openCount: Count }[];
  /** Incidents of which only a part matches. A silence does not suppress their notifications. */
  partly: { id: string; title: string; openCount: Count }[];
}

/** A channel to which notifications are sent, and how its last deliveries went. */
export interface Channel {
  name: string;
  kind: string;
  /** Where the channel sends notifications, without secrets: a host, or mail addresses. */
  address: string;
  /** When the channel last accepted a notification; null if it never did. */
  deliveredAt: Instant | null;
  /** Since when the channel has accepted nothing; null if it accepted the last notification. */
  refusingSince: Instant | null;
  lastError: string;
}

/**
 * An alert route: notifications of incidents that match it are sent to its channels. An empty list
 * matches everything.
 */
export interface AlertRoute {
  severities: string[];
  rules: string[];
  types: string[];
  services: string[];
  channels: string[];
  groupWaitMs: number;
  /**
   * Time after which a notification is repeated until somebody acknowledges the incident; 0 if it
   * is not repeated.
   */
  repeatMs: number;
  mute: { days: string[]; from: string; to: string; timezone: string }[];
  escalate: { afterMs: number; to: string } | null;
}

/** A rule that an operator wrote, in the file FERMATA_ALERTS or in the dashboard. */
export interface AlertRule {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  forMs: number;
  /**
   * Which flows share an incident: flows of one type (`type`), all flows (`rule`), or flows with
   * equal values of a key (`key:` and its name).
   */
  groupBy: string;
  /** Where the rule comes from. A rule from a file can only be changed in that file. */
  source: 'file' | 'dashboard';
}

/** The operator's rules (`items`), and the rules that Fermata has built in. */
export interface AlertRules {
  items: AlertRule[];
  builtIn: { name: string; severity: 'critical' | 'warning' | 'info'; says: string }[];
}

/** A rule as a client writes it. `for` is a duration like `5m`. */
export interface AlertRuleDraft {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  for: string;
  groupBy: string;
}

/**
 * What a rule would have reported in the last days, as far as stored flows show it. Stored flows
 * show only how they are now, so `limits` says what could not be computed.
 */
export interface RulePreview {
  from: Instant;
  to: Instant;
  /** Number of flows that match now and started since `from`. */
  total: Count;
  /** Number of flows of `total` that were evaluated, newest first. */
  used: Count;
  /** Number of flows that would be in an open incident now. */
  openNow: Count;
  /** Number of incidents that would have opened. */
  incidents: Count;
  days: { at: Instant; incidents: Count; flows: Count }[];
  /** The newest of the incidents that would have opened. */
  opened: {
    at: Instant;
    /** When the incident would have resolved; null if it would still be open. */
    until: Instant | null;
    flows: Count;
    /** What the flows of the incident have in common: a flow type, or the value of a key. */
    group: string;
    examples: { id: string; key: string }[];
  }[];
  /** Names of the channels that would have been notified, by the present routes. */
  channels: string[];
  /** Sentences that say what could not be computed. */
  limits: string[];
}

/** A query that a user saved under a name. */
export interface SavedView {
  name: string;
  q: string;
  /**
   * State of the explorer (query, time, tab, filters, columns), as the query string of its address,
   * which includes `q`; absent if only the query was saved.
   */
  state?: string;
}
