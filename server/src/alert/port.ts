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
 * Turns findings into incidents, and incidents into notifications to people. Every decision is kept
 * with its reason. A notification is written down before it is sent, and sent until it is accepted,
 * under one idempotency key: at least once, never silently not at all. All that is returned is a
 * snapshot.
 */
export interface Alerts {
  /**
   * Loads what a previous run left: open incidents and undelivered notifications. `lacksFlows`: the
   * store may still lack some flows, so that no incident ends before `allAreThere`.
   */
  start(lacksFlows?: boolean): Promise<void>;
  /** The store has all flows again. */
  allAreThere(): void;
  /** Takes the present findings of flows, after they are durable. */
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
  /** Ends a silence before its time. */
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): Pick<Channel, 'name' | 'kind'>[];
  /** Returns open incidents of channels that accept nothing. */
  refusing(): Incident[];
  /** Sends a test through the channel; rejects with the reason why it was not accepted. */
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
  /** Returns a possible cause of a finding outside of its flow. */
  suspect: IncidentsOptions['suspect'];
  /** Name of the search key whose number is a flow's worth; '' for none. */
  valueKey: string;
  /** Returns the address of an incident's page. */
  linkTo(incident: Incident): string;
  onChanged(incidents: readonly Incident[]): void;
}
