import type { Flow } from '../../model/flow.ts';
import type { LiveIncident } from './live-incident.ts';
import { nameKey } from './title.ts';

/**
 * Watches open incidents whose suspected cause is a silent service, and tells when something was
 * received from it again. Otherwise an incident that stays open for another reason, such as a
 * message that the service lost, would blame a service that runs (guard: `unheard.test.ts`).
 */
export interface UnheardServices {
  /** Call this when an incident has opened, was loaded or has taken in another one. */
  note(live: LiveIncident): void;
  /** Call this when an incident has ended or was merged into another one. */
  forget(live: LiveIncident): void;
  /** Looks at the incidents that suspect a service of the flow. */
  observe(flow: Flow): void;
}

export function createUnheard(onChanged: (live: LiveIncident) => void): UnheardServices {
  const watched = new Map<string, Set<LiveIncident>>();
  const forget = (key: string, live: LiveIncident): void => {
    const here = watched.get(key);
    if (here?.delete(live) === true && here.size === 0) watched.delete(key);
  };
  return {
    note(live) {
      const { environment, status, unheard } = live.incident;
      if (status !== 'open') return;
      for (const { service, until } of unheard) {
        if (until !== null) continue;
        const key = nameKey(environment, service);
        watched.set(key, (watched.get(key) ?? new Set()).add(live));
      }
    },
    forget(live) {
      const { environment, unheard } = live.incident;
      for (const { service } of unheard) forget(nameKey(environment, service), live);
    },
    observe({ environment, steps }) {
      if (watched.size === 0) return;
      for (const { service, receivedMs } of steps) {
        const key = nameKey(environment, service);
        for (const live of watched.get(key) ?? []) {
          const { unheard } = live.incident;
          const at = unheard.findIndex((one) => one.service === service && one.until === null);
          if (at < 0 || receivedMs <= unheard[at]!.since) continue;
          unheard[at] = { ...unheard[at]!, until: receivedMs };
          forget(key, live);
          onChanged(live);
        }
      }
    },
  };
}
