/** Findings with one cause. Instants are ISO 8601. */
export interface Incident {
  id: string;
  key: string;
  /** Of the findings in it; `/flows?incident=` takes `key` and lists the flows of all. */
  keys: string[];
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  /** Ends when its flows move on; else a while after the last finding. */
  lasting: boolean;
  status: 'open' | 'resolved';
  title: string;
  cause: string | null;
  environment: string;
  /** Of the finding that opened it, as service, step and place. */
  flowType: string;
  flowTypes: string[];
  service: string | null;
  step: string | null;
  place: string | null;
  /** What errors name that could not be reached. */
  dependency: string | null;
  /** The channel that takes no notifications: then this counts notifications, not flows. */
  channel: string | null;
  /** What it consists of, each once. */
  parts: {
    rule: string;
    severity: string;
    flowType: string;
    service: string | null;
    step: string | null;
  }[];
  /** Id of the incident that it was found to be one with. */
  foldedInto: string | null;
  count: number;
  openCount: number;
  firstAt: string;
  lastAt: string;
  resolvedAt: string | null;
  drainPerMinute: number | null;
  etaAt: string | null;
  /** Sum of FERMATA_VALUE_KEY over the flows in it now. */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: string; text: string }[];
  ack: { at: string; note: string } | null;
  version: number;
}

export interface IncidentList {
  items: Incident[];
  /** All that match. */
  total: number;
  incomplete: boolean;
}

/** What people were told, or why not. */
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

/** Nobody is told of matching incidents until it ends. Empty matches all. */
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

/** An operator's own rule, from FERMATA_ALERTS. */
export interface AlertRule {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  forMs: number;
}

/** A query with a name. */
export interface SavedView {
  name: string;
  q: string;
}
