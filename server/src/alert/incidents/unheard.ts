import type { Flow } from '../../model/flow.ts';
import type { Unheard } from '../../model/incident.ts';
import type { LiveIncident } from './live-incident.ts';
import { nameKey } from './title.ts';

/**
 * Watches open incidents whose suspected cause is a silent service, and tells when something was
 * received from it again. Otherwise an incident that stays open for another reason, such as a
 * message that the service lost, would blame a service that runs (guard: `unheard.test.ts`).
 */
export interface UnheardServices {
  /**
   * Takes up that a service is silent. What was said of an earlier silence of it is replaced.
   * Returns whether that is new.
   */
  take(live: LiveIncident, silence: Unheard | null): boolean;
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
  const note = (live: LiveIncident): void => {
    const { environment, status, unheard } = live.incident;
    if (status !== 'open') return;
    for (const { service, until } of unheard) {
      if (until !== null) continue;
      const key = nameKey(environment, service);
      watched.set(key, (watched.get(key) ?? new Set()).add(live));
    }
  };
  return {
    take(live, silence) {
      if (silence === null) return false;
      const { unheard } = live.incident;
      const at = unheard.findIndex(({ service }) => service === silence.service);
      if (at >= 0 && (unheard[at]!.until ?? Infinity) > silence.since) return false;
      unheard.splice(at < 0 ? unheard.length : at, 1, silence);
      note(live);
      return true;
    },
    note,
    forget(live) {
      const { environment, unheard } = live.incident;
      for (const { service } of unheard) forget(nameKey(environment, service), live);
    },
    observe({ environment, steps, badges }) {
      // What is imported was received now, and says nothing of when its service was heard.
      if (watched.size === 0 || badges.includes('imported')) return;
      for (const service of new Set(steps.map((step) => step.service))) {
        const key = nameKey(environment, service);
        for (const live of watched.get(key) ?? []) {
          const { unheard } = live.incident;
          const at = unheard.findIndex((one) => one.service === service && one.until === null);
          const until = firstAfter(unheard[at]?.since ?? Infinity, service, steps);
          if (until === Infinity) continue;
          unheard[at] = { ...unheard[at]!, until };
          forget(key, live);
          onChanged(live);
        }
      }
    },
  };
}

/** Returns when the first step of the service was received after `ms`; Infinity if none was. */
const firstAfter = (ms: number, service: string, steps: Flow['steps']): number =>
  steps.reduce(
    (first, step) =>
      step.service === service && step.receivedMs > ms ? Math.min(first, step.receivedMs) : first,
    Infinity,
  );
