import type { Incidents } from './incidents/index.ts';
import type { NotificationLog } from './notification-log.ts';
import type { Alerts } from './port.ts';

/** Reads what people were told, of all incidents or of one and those that it was merged into. */
export const createTold = (
  log: NotificationLog,
  incidents: Pick<Incidents, 'get' | 'lineOf'>,
): Pick<Alerts, 'notifications' | 'hasForgotten'> => ({
  async notifications(limit, incidentId) {
    const line = incidentId === undefined ? null : incidents.lineOf(incidentId);
    return [...log.all.values()]
      .filter((one) => line === null || line.has(one.incidentId))
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, limit);
  },
  hasForgotten(incidentId) {
    const began = [...incidents.lineOf(incidentId)].map((id) => incidents.get(id)?.firstAt ?? 0);
    return log.forgottenAt !== null && log.forgottenAt >= Math.min(...began);
  },
});
