import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import type { Incident, Notification, Silence } from '../model/incident.ts';
import type { Channel } from './channels/index.ts';
import type { IncidentsOptions } from './incidents/index.ts';
import type { Guard } from './outbound/guard.ts';
import type { Inhibition, Route } from './policy.ts';
import type { SilenceFields } from './silences.ts';

/**
 * Findings → incidents → notifications → people. Every decision is kept with its reason. A
 * notification is written down before it is sent and sent until it is taken, with one idempotency
 * key: at least once, never silently not. Whatever is given out is a snapshot.
 */
export interface Alerts {
  /**
   * Takes up what a previous run of the process left: open incidents, undelivered notifications.
   * `lacksFlows`: the store may lack flows of theirs for now, so that none is over before
   * `allAreThere`.
   */
  start(lacksFlows?: boolean): Promise<void>;
  /** The store has all flows again. */
  allAreThere(): void;
  /** What is said of flows now, after it is durable. */
  observe(flows: readonly Flow[]): void;
  forget(flowIds: readonly string[]): void;
  incidents(): Incident[];
  incident(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  notifications(limit: number): Promise<Notification[]>;
  silences(): Silence[];
  silence(fields: SilenceFields): Promise<Silence>;
  /** Ends it now. */
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): Pick<Channel, 'name' | 'kind'>[];
  /** Open incidents of channels that take nothing. */
  refusing(): Incident[];
  /** Sends a test through the channel; rejects with why it was not taken. */
  test(channel: string): Promise<void>;
  /** Resolves when nothing is being written or sent. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface AlertStore {
  saveIncidents(incidents: readonly Incident[]): Promise<void>;
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
  flowsWithFindings(): AsyncIterable<Flow[]>;
}

export interface AlertsOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: AlertStore;
  guard: Guard;
  random: () => number;
  channels: readonly Channel[];
  routes: readonly Route[];
  inhibitions: readonly Inhibition[];
  /** What may be behind a finding. */
  suspect: IncidentsOptions['suspect'];
  /** Key whose number is what a flow is worth; '' none. */
  valueKey: string;
  /** Address of an incident's page. */
  linkTo(incident: Incident): string;
  onChanged(incidents: readonly Incident[]): void;
}
