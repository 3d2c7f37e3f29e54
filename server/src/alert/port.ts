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
 * Turns findings into incidents, and incidents into notifications. The reason of every decision is
 * recorded. A notification is saved before it is sent, and sent with the same idempotency key until
 * the channel accepts it, so people are notified at least once. A notification that cannot be
 * delivered is shown as dead. All returned objects are snapshots.
 */
export interface Alerts {
  /**
   * Loads the open incidents and undelivered notifications of a previous run of the process.
   * `lacksFlows` is true if flows may be missing in the store. In this case no incident is ended
   * before `allAreThere` is called.
   */
  start(lacksFlows?: boolean): Promise<void>;
  /** Reports that the store contains all flows again, because lost rows have been rebuilt. */
  allAreThere(): void;
  /**
   * Updates the incidents from the current findings of these flows. Call this after the flows are
   * durable.
   */
  observe(flows: readonly Flow[]): void;
  forget(flowIds: readonly string[]): void;
  incidents(): Incident[];
  incident(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  /**
   * Returns the newest notifications of all incidents or of one, the newest first. Those of the
   * incidents into which it was merged belong to it.
   */
  notifications(limit: number, incidentId?: string): Promise<Notification[]>;
  /** Returns whether there may have been notifications of the incident that are no longer kept. */
  hasForgotten(incidentId: string): boolean;
  silences(): Silence[];
  silence(fields: SilenceFields): Promise<Silence>;
  /**
   * Returns the open incidents that a silence with these fields would suppress (`held`). `partly`
   * are open incidents of which the silence covers only some parts, so that they are not
   * suppressed.
   */
  heldBack(fields: SilenceScope): { held: Incident[]; partly: Incident[] };
  /** Ends a silence before its planned end. Resolves to undefined if there is no such silence. */
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): ChannelState[];
  routes(): readonly Route[];
  /** Returns the channels that would be notified of a new incident with such a part. */
  channelsFor(part: Pick<IncidentPart, 'rule' | 'severity' | 'flowType'>): string[];
  /** Returns the open incidents about channels that accept no notifications. */
  refusing(): Incident[];
  /**
   * Sends a test notification through the channel. Rejects with the reason if the channel does not
   * accept it.
   */
  test(channel: string): Promise<void>;
  /** Resolves when no incident or notification is being saved or sent. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** A channel with its last delivery, refusal and error. */
export interface ChannelState extends Pick<Channel, 'name' | 'kind'> {
  /** Destination of the channel, without secrets. */
  address: string;
  /** Time when the channel last accepted a notification, epoch ms; null if never. */
  deliveredAt: number | null;
  /**
   * Time since which the channel has accepted nothing, epoch ms; null if it accepted the last
   * notification.
   */
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
  /** Returns possible causes of a finding outside its flow. */
  suspect: IncidentsOptions['suspect'];
  /** Returns how many later messages a service took at a destination. */
  takenAfter: IncidentsOptions['takenAfter'];
  /** Name of the business key that holds a flow's worth, such as an amount; '' if there is none. */
  valueKey: string;
  /** Returns the URL of the page that shows an incident. */
  linkTo(incident: Incident): string;
  onChanged(incidents: readonly Incident[]): void;
}
