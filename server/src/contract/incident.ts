/** Groups findings with one cause. Instants are ISO 8601. */
export interface Incident {
  id: string;
  key: string;
  /** Lists the keys of its findings; `/flows?incident=` takes `key` and lists the flows of all. */
  keys: string[];
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  /** If true, it ends when its flows move on; else some time after the last finding. */
  lasting: boolean;
  status: 'open' | 'resolved';
  title: string;
  cause: string | null;
  environment: string;
  /** Taken from the finding that opened it, as service, step and place are. */
  flowType: string;
  flowTypes: string[];
  service: string | null;
  step: string | null;
  place: string | null;
  /** Names the unreachable dependency that errors report. */
  dependency: string | null;
  /**
   * Names the channel that accepts no notifications: the incident then counts notifications and not
   * flows.
   */
  channel: string | null;
  /** Lists its distinct parts. */
  parts: {
    rule: string;
    severity: string;
    flowType: string;
    service: string | null;
    step: string | null;
  }[];
  /** Names the incident that it was merged into, by id; null: it stands alone. */
  foldedInto: string | null;
  count: number;
  openCount: number;
  firstAt: string;
  lastAt: string;
  resolvedAt: string | null;
  drainPerMinute: number | null;
  etaAt: string | null;
  /** Sums FERMATA_VALUE_KEY over the flows in it now. */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: string; text: string }[];
  ack: { at: string; note: string } | null;
  version: number;
}

export interface IncidentList {
  items: Incident[];
  /** Counts all incidents that match. */
  total: number;
  incomplete: boolean;
}

/** Records a message that people got, or the reason why they did not. */
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

/** Mutes matching incidents until it ends. An empty field matches all. */
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

/** Defines an operator's own rule, from FERMATA_ALERTS. */
export interface AlertRule {
  name: string;
  query: string;
  severity: 'critical' | 'warning' | 'info';
  forMs: number;
}

/** Saves a query under a name. */
export interface SavedView {
  name: string;
  q: string;
}
