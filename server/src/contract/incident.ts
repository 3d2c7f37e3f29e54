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
    severity: string;
    flowType: string;
    service: string | null;
    step: string | null;
  }[];
  /** Names the incident into which this incident was merged, by id; null: it was not merged. */
  foldedInto: string | null;
  count: number;
  openCount: number;
  firstAt: string;
  lastAt: string;
  resolvedAt: string | null;
  drainPerMinute: number | null;
  etaAt: string | null;
  /** Sums the values of the key FERMATA_VALUE_KEY over the flows that are in the incident now. */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: string; text: string }[];
  ack: { at: string; note: string } | null;
  version: number;
}

export interface IncidentList {
  items: Incident[];
  /** Counts all incidents that match, also those that are not listed. */
  total: number;
  incomplete: boolean;
}

/**
 * Holds a message to people about an incident. `reason` tells why the message was sent, held or
 * dropped.
 */
export interface Notification {
  id: string;
  incidentId: string;
  event: 'opened' | 'repeated' | 'resolved' | 'test';
  channel: string;
  state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  reason: string;
  attempts: number;
  createdAt: string;
  nextAt: string;
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
  createdAt: string;
  until: string;
  comment: string;
}

export interface Channel {
  name: string;
  kind: string;
}

/** Describes a rule that an operator wrote in the file FERMATA_ALERTS. */
export interface AlertRule {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  forMs: number;
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
