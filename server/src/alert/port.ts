import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import type { Incident, IncidentPart, Notification, Silence } from '../model/incident.ts';
import type { Channel } from './channels/index.ts';
import type { IncidentsOptions } from './incidents/index.ts';
import type { Guard } from './outbound/guard.ts';
import type { Inhibition, Route } from './policy.ts';
import type { SilenceFields, SilenceScope } from './silences.ts';

/**
 * Turns findings into incidents, and incidents into notifications to people. Every decision is kept
 * with its reason. A notification is saved before it is sent, and is sent under one idempotency key
 * until the channel accepts it. So people are notified at least once, and a notification that is
 * never delivered is shown as dead. All returned objects are snapshots.
 */
export interface Alerts {
  /**
   * Loads open incidents and undelivered notifications of a previous run of the process.
   * `lacksFlows` is true if the store may still lack some flows; then no incident ends before
   * `allAreThere` is called.
   */
  start(lacksFlows?: boolean): Promise<void>;
  /** Tells that the store has all flows again. */
  allAreThere(): void;
  /** Takes the present findings of flows. Call this after the flows are durable. */
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
  /**
   * Returns the open incidents whose notifications a silence with these fields would hold back, and
   * those of which it covers only a part, which it would not hold back.
   */
  heldBack(fields: SilenceScope): { held: Incident[]; partly: Incident[] };
  /** Ends a silence before its planned end; resolves to undefined if there is no such silence. */
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): ChannelState[];
  routes(): readonly Route[];
  /** Returns the channels that a new incident with such a part would be told by. */
  channelsFor(part: Pick<IncidentPart, 'rule' | 'severity' | 'flowType'>): string[];
  /** Returns the open incidents about channels that accept no notifications. */
  refusing(): Incident[];
  /**
   * Sends a test notification through the channel. Rejects with the reason if the channel does not
   * accept the notification.
   */
  test(channel: string): Promise<void>;
  /** Resolves when no incident or notification is being written or sent any more. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** Tells what a channel is, and what became of the notifications that were sent to it. */
export interface ChannelState extends Pick<Channel, 'name' | 'kind'> {
  /** Where it leads, without anything secret. */
  address: string;
  /** The channel accepted a notification at this instant, ms; null: never. */
  deliveredAt: number | null;
  /** The channel has accepted nothing since this instant, ms; null: it accepted the last one. */
  refusingSince: number | null;
  lastError: string;
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
  /**
   * Returns a cause that a finding may have outside of the finding's flow; null if none is known.
   */
  suspect: IncidentsOptions['suspect'];
  /** Name of the search key whose number is the worth of a flow; '' if flows have no worth. */
  valueKey: string;
  /** Returns the URL of the page that shows an incident. */
  linkTo(incident: Incident): string;
  onChanged(incidents: readonly Incident[]): void;
}
