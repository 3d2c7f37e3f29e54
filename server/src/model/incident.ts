import type { Severity } from './expectation.ts';

/** Findings with one cause: what people are told about. Instants are wall-clock ms. */
export interface Incident {
  /** One cause (`cause.ts`). */
  key: string;
  /** Keys of the findings in it: its own, and those of incidents that were found to be the same. */
  keys: string[];
  /** The key and when it opened: a cause that comes back is a new incident. */
  id: string;
  rule: string;
  severity: Severity;
  /** Ends when its flows move on; else a while after the last finding. */
  lasting: boolean;
  status: 'open' | 'resolved';
  title: string;
  /** Suspected, in words; null where nothing points at it. */
  cause: string | null;
  environment: string;
  /** Of the finding that opened it, as the next four. */
  flowType: string;
  service: string | null;
  step: string | null;
  place: string | null;
  /** What errors name that could not be reached. */
  dependency: string | null;
  /** The channel that takes no notifications: this is one of Fermata itself, and counts notifications, not flows. */
  channel: string | null;
  /** What it consists of, each once, the first first. */
  parts: IncidentPart[];
  /** Id of the incident that it was found to be one with; null: it is its own. */
  foldedInto: string | null;
  /** Flows ever in it, and those in it now. */
  count: number;
  openCount: number;
  firstAt: number;
  lastAt: number;
  resolvedAt: number | null;
  /** Flows leaving it, per minute, while it drains; and when it will be empty at that rate. */
  drainPerMinute: number | null;
  etaAt: number | null;
  /** Sum of the value key over the flows in it now; null where no key is configured or none has it. */
  value: number | null;
  exampleFlowIds: string[];
  notes: { at: number; text: string }[];
  ack: { at: number; count: number; note: string } | null;
  /** When an acknowledgement ceased to hold because it was ten times worse; null: never. */
  outgrownAt: number | null;
  version: number;
}

/** What one flow type misses, or fails at. */
export interface IncidentPart {
  rule: string;
  severity: Severity;
  flowType: string;
  service: string | null;
  step: string | null;
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

/** A message to people about an incident. Written down before it is sent, sent until it is taken: at least once. */
export interface Notification {
  /** Incident, event and channel: the receiver's idempotency key. */
  id: string;
  incidentId: string;
  event: 'opened' | 'repeated' | 'resolved' | 'test';
  channel: string;
  state: 'waiting' | 'pending' | 'sent' | 'dead' | 'dropped';
  /** Why it was sent, held or dropped, in words. */
  reason: string;
  attempts: number;
  createdAt: number;
  nextAt: number;
  lastError: string;
  /** When it was first not taken, ms; absent where it was not, or an earlier version noted it. */
  failedAt?: number;
  body: string;
  version: number;
}

/** Nobody is told of matching incidents until it ends; what is still open then is told. Empty matches all. */
export interface Silence {
  id: string;
  rule: string;
  flowType: string;
  service: string;
  createdAt: number;
  until: number;
  comment: string;
  version: number;
}
