import type { Count, Instant } from './units.ts';
/** Groups findings that have the same cause. Instants are ISO 8601. */
export interface Incident {
  id: string;
  key: string;
  /**
   * Lists the keys of the incident's findings. `/flows?incident=` takes the `key` of the incident
   * and lists the flows of all these keys.
   */
  keys: string[];
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  /**
   * If true, the incident ends when its flows move on; otherwise it ends some time after its last
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
  /** Names the dependency that was unavailable to the flows; null if none is known. */
  dependency: string | null;
  /**
   * Names the channel that accepts no notifications. If set, the incident counts notifications
   * instead of flows.
   */
  channel: string | null;
  /** Lists the different combinations of rule, flow type and step in the incident. */
  parts: {
    rule: string;
    severity: 'critical' | 'warning' | 'info';
    flowType: string;
    service: string | null;
    step: string | null;
  }[];
  /** Names the incident into which this incident was merged, by id; null: it was not merged. */
  foldedInto: string | null;
  count: Count;
  openCount: Count;
  firstAt: Instant;
  lastAt: Instant;
  resolvedAt: Instant | null;
  drainPerMinute: number | null;
  etaAt: Instant | null;
  /** Sums the values of the key FERMATA_VALUE_KEY over the flows that are in the incident now. */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: Instant; text: string }[];
  ack: { at: Instant; note: string } | null;
  /**
   * Tells how many flows were in the incident over time, oldest first: `open` flows from `at` until
   * the next entry. At most 60 entries.
   */
  trend: { at: Instant; open: Count }[];
  version: Count;
}

export interface IncidentList {
  items: Incident[];
  /** Counts all incidents that match, also those that are not listed. */
  total: Count;
  incomplete: boolean;
}

/**
 * Holds a message to people about an incident. `reason` tells why the message was sent, held or
 * dropped.
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
  /** The state changed last at this instant: a notification that is sent was sent then. */
  changedAt: Instant;
  lastError: string;
}

/**
 * Suppresses notifications of matching incidents until `until`. An empty field matches every
 * incident.
 */
export interface Silence {
  id: string;
  rule: string;
  flowType: string;
  service: string;
  /** Names the only incident that the silence is for, by id; '' if it is for any incident. */
  incidentId: string;
  createdAt: Instant;
  until: Instant;
  /** Is true if the silence also ends when its incident resolves. */
  untilResolved: boolean;
  comment: string;
}

/** What to silence; an empty field matches every incident, but one of them must be given. */
export interface SilenceDraft {
  rule?: string;
  flowType?: string;
  service?: string;
  incidentId?: string;
  minutes?: number;
  untilResolved?: boolean;
  comment?: string;
}

/** Tells what a silence would hold back now. */
export interface SilencePreview {
  /** Counts the flows that are in the incidents of `held`. */
  flows: Count;
  held: { id: string; title: string; openCount: Count }[];
  /** Lists incidents of which only a part matches. A silence does not hold them back. */
  partly: { id: string; title: string; openCount: Count }[];
}

/** Describes a destination of notifications, and what became of those that were sent to it. */
export interface Channel {
  name: string;
  kind: string;
  /** Where it leads, without anything secret: a host, or the addresses of a mail. */
  address: string;
  /** It accepted a notification at this instant; null: never. */
  deliveredAt: Instant | null;
  /** It has accepted nothing since this instant; null: it accepted the last one. */
  refusingSince: Instant | null;
  lastError: string;
}

/** Describes which incidents are told by which channels. An empty list matches everything. */
export interface AlertRoute {
  severities: string[];
  rules: string[];
  types: string[];
  services: string[];
  channels: string[];
  groupWaitMs: number;
  /** People are told again after this time until somebody acknowledges; 0: they are not. */
  repeatMs: number;
  mute: { days: string[]; from: string; to: string; timezone: string }[];
  escalate: { afterMs: number; to: string } | null;
}

/** Describes a rule that an operator wrote, in the file FERMATA_ALERTS or in the dashboard. */
export interface AlertRule {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  forMs: number;
  /** Tells which flows share an incident: `type`, `rule`, or `key:` and the name of a key. */
  groupBy: string;
  /** Rules of a file can only be changed there. */
  source: 'file' | 'dashboard';
}

/** Lists the operator's rules, and those that Fermata has of its own. */
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
 * Tells what a rule would have reported in the last days, as far as stored flows show it. Stored
 * flows show only how they are now, so `limits` says what could not be computed.
 */
export interface RulePreview {
  from: Instant;
  to: Instant;
  /** Counts the flows that match now and started since `from`. */
  total: Count;
  /** Counts the flows of `total` that were looked at, newest first. */
  used: Count;
  /** Counts the flows that would be in an open incident now. */
  openNow: Count;
  /** Counts how often an incident would have opened. */
  incidents: Count;
  days: { at: Instant; incidents: Count; flows: Count }[];
  /** Lists the newest of these incidents. */
  opened: {
    at: Instant;
    /** The incident would have resolved at this instant; null: it would be open now. */
    until: Instant | null;
    flows: Count;
    /** What the flows of the incident have in common: a flow type, or the value of a key. */
    group: string;
    examples: { id: string; key: string }[];
  }[];
  /** Names the channels that would have been told, by the routes of now. */
  channels: string[];
  /** Says in sentences what could not be computed. */
  limits: string[];
}

/** Holds a query that a user saved under a name. */
export interface SavedView {
  name: string;
  q: string;
  /**
   * Holds what the explorer shows beside the query (time, tab, filters, columns), as the query of
   * its address, `q` included; absent in a view that is only a query.
   */
  state?: string;
}
