import type { Incident, Notification, Silence } from '../../model/incident.ts';

export type DocumentKind = 'definition' | 'view' | 'clock' | 'probe';

/**
 * Stores small JSON texts of people or services. Each user of the port names the kinds that it may
 * access: a route that saves views cannot write definitions.
 */
export interface DocumentStore<Kind extends DocumentKind = DocumentKind> {
  /** Saves a version. The greatest version counts; a body of '' deletes the document. */
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
  /** Returns the open incidents, and the newest others. */
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  /** Returns the newest notifications first, among them all undelivered ones, however old. */
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
}

/** Holds the learned model of one flow type; it is opaque to the store. */
export interface LearnedRow {
  environment: string;
  type: string;
  json: string;
}
