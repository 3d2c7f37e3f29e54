import { FermataError, messageOf } from '../base/errors.ts';
import type { Incident } from '../model/incident.ts';
import { createRefusals } from './channels/refusals.ts';
import { channelStates } from './channels/state.ts';
import { loggedTest, sendTest } from './channels/test-message.ts';
import { createIncidents, snapshotOf } from './incidents/index.ts';
import { createNotificationLog, MAX_NOTIFICATIONS } from './notification-log.ts';
import { createNotifier } from './notifier.ts';
import { channelsFor } from './policy.ts';
import type { Alerts, AlertsOptions } from './port.ts';
import { createSaver } from './saver.ts';
import { createSilences, heldBack } from './silences.ts';
import { createTold } from './told.ts';

export type { Channel } from './channels/index.ts';
export { createGuard, type Guard } from './outbound/guard.ts';
export type { Route } from './policy.ts';
export type { Alerts, AlertsOptions } from './port.ts';
export { createRuleBook } from './rule-book.ts';
export { NO_ALERTS, readAlertSettings, type AlertSettings } from './settings.ts';

export function createAlerts(options: AlertsOptions): Alerts {
  const { clock, store } = options;
  const channels = new Map(options.channels.map((channel) => [channel.name, channel]));
  const silences = createSilences(clock, (silence) => store.saveSilence(silence));
  const notifications = createNotificationLog(clock, (notification) => {
    saver.mark(notification);
    refusals.changed(notification.channel);
    saver.soon();
  });
  const incidents = createIncidents({
    ...options,
    onOpened: (incident) => notifier.notify(incident, 'opened'),
    onWorse: (incident) => notifier.remind(incident),
    onResolved(incident) {
      // End the refusal even if an operator resolved the incident. Otherwise an incident of this
      // channel would open again immediately instead of after another hour of refusals.
      if (incident.channel !== null && refusals.since(incident.channel) !== null)
        refusals.over(incident.channel);
      notifier.notify(incident, 'resolved');
      void silences.endWith(incident).catch(notEnded);
    },
  });
  const refusals = createRefusals({
    ...{ ...options, channels: [...channels.keys()], incidents, notifications: notifications.all },
    onChanged: () => saver.soon(),
  });
  const saver = createSaver({
    ...options,
    takeIncidents() {
      refusals.count();
      return incidents.takeChanged();
    },
  });
  const parts = { channels, notifications, incidents, silences, refusals, saver };
  const notifier = createNotifier({ ...options, ...parts });
  const notEnded = (error: unknown): void =>
    options.log.warn({ reason: messageOf(error) }, 'a silence could not be ended');
  /** True while the store may lack flows of incidents, because lost rows are being rebuilt. */
  let isPartial = false;
  const edited = (incident: Incident | undefined): Incident | undefined => {
    saver.soon();
    return copyOf(incident);
  };
  const copyOf = (incident: Incident | undefined): Incident | undefined =>
    incident && snapshotOf(incident);

  return {
    async start(lacksFlows = false) {
      isPartial = lacksFlows;
      silences.load(await store.silences());
      incidents.load(await store.incidents());
      notifications.load(await store.notifications(MAX_NOTIFICATIONS));
      for await (const flows of store.flowsWithFindings())
        for (const flow of flows) incidents.observe(flow);
      if (!isPartial) incidents.loaded();
      refusals.load();
      notifier.resume();
      await saver.now();
    },
    allAreThere() {
      if (!isPartial) return;
      isPartial = false;
      incidents.loaded();
      saver.soon();
    },
    observe(flows) {
      for (const flow of flows) incidents.observe(flow);
      saver.soon();
    },
    forget(flowIds) {
      for (const id of flowIds) incidents.forget(id);
      saver.soon();
    },
    incidents: () => incidents.list().map(snapshotOf),
    incident: (id) => copyOf(incidents.get(id)),
    acknowledge: (id, note) => edited(incidents.acknowledge(id, note)),
    resolve: (id, note) => edited(incidents.resolve(id, note)),
    note: (id, text) => edited(incidents.note(id, text)),
    ...createTold(notifications, incidents),
    silences: () => silences.list(),
    silence: (fields) => silences.add(fields),
    heldBack: (fields) => heldBack(fields, incidents.list()),
    async endSilence(id) {
      const ended = await silences.end(id);
      // Notifications that were held until the planned end of the silence are now due.
      if (ended !== undefined) notifier.releaseHeldUntil(ended.was.until);
      return ended?.is;
    },
    refusing: () => refusals.open().map(snapshotOf),
    channels: () => channelStates(options.channels, notifications.all.values(), refusals),
    routes: () => options.routes,
    channelsFor: (part) => channelsFor(options.routes, part),
    async test(name) {
      const channel = channels.get(name);
      if (channel === undefined)
        throw new FermataError('alert.no-channel', `there is no channel named ${name}`, {
          hint: `Channels: ${[...channels.keys()].join(', ') || 'none'}.`,
        });
      await loggedTest(notifications, channel, clock.now(), () =>
        sendTest(options.guard, channel, clock.now()),
      );
      refusals.over(name);
    },
    async idle() {
      await notifier.idle();
      await saver.idle();
    },
    async stop() {
      refusals.stop();
      await notifier.stop();
      await saver.stop();
    },
  };
}
