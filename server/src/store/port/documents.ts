import type { Incident, Notification, Silence } from '../../model/incident.ts';

export type DocumentKind =
  'definition' | 'view' | 'failure' | 'rule' | 'settings' | 'clock' | 'names' | 'probe';

/**
 * Stores small JSON texts that people or services wrote. `Kind` limits which kinds of documents a
 * user of the port can access, so that a route that saves views cannot write definitions.
 */
export interface DocumentStore<Kind extends DocumentKind = DocumentKind> {
  /**
   * Saves a version of a document. Reads return the greatest version. An empty `body` deletes the
   * document.
   */
  saveDocument(kind: Kind, id: string, version: number, body: string): Promise<void>;
  documents(kind: Kind): Promise<{ id: string; body: string }[]>;
}

/** Stores the learned models of flow types. */
export interface LearnedStore {
  saveLearned(models: readonly LearnedRow[], savedMs: number): Promise<void>;
  learned(): Promise<LearnedRow[]>;
}

/** Stores incidents, their notifications, and silences. */
export interface IncidentStore {
  saveIncidents(incidents: readonly Incident[]): Promise<void>;
  /** Returns all open incidents, and the most recent resolved incidents. */
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  /**
   * Returns at most `limit` notifications. Undelivered notifications come first, however old they
   * are. Within both groups the newest comes first.
   */
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
}

/** The learned model of one flow type. The store does not parse `json`. */
export interface LearnedRow {
  environment: string;
  type: string;
  json: string;
}
