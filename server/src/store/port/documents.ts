import type { Incident, Notification, Silence } from '../../model/incident.ts';

export type DocumentKind = 'definition' | 'view' | 'clock' | 'probe';

/**
 * Something small that people or services wrote down, as JSON. Each user names the kinds that it
 * may touch: a route that saves views cannot write definitions.
 */
export interface DocumentStore<Kind extends DocumentKind = DocumentKind> {
  /** The greatest version counts; a body of '' deletes the document. */
  saveDocument(kind: Kind, id: string, version: number, body: string): Promise<void>;
  documents(kind: Kind): Promise<{ id: string; body: string }[]>;
}

/** What was learned of flow types. */
export interface LearnedStore {
  saveLearned(models: readonly LearnedRow[], savedMs: number): Promise<void>;
  learned(): Promise<LearnedRow[]>;
}

/** Incidents, and who was told of them. */
export interface IncidentStore {
  saveIncidents(incidents: readonly Incident[]): Promise<void>;
  /** Open ones, and the newest others. */
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  /** Newest first; with those that are not delivered yet, however old. */
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
}

/** What was learned of one flow type; opaque to the store. */
export interface LearnedRow {
  environment: string;
  type: string;
  json: string;
}
