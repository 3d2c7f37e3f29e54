import type { Clock } from '../../base/clock.ts';
import type { Flow } from '../../model/flow.ts';
import type { Incident } from '../../model/incident.ts';
import { nameKey, namesOf } from './title.ts';

/**
 * Finds incidents with a silent service as their common cause: several queues of the service are
 * not consumed, or some flows wait for the service while errors of other flows name it. As long as
 * spans of the service are received, it is not silent, and two stalled queues of it count as two
 * causes.
 */
export interface SameCause<T> {
  /** Records when spans of the flow's services were last received. */
  observe(flow: Flow): void;
  add(entry: T): void;
  remove(entry: T): void;
  /** Merges this incident with other incidents of the same cause. */
  settle(entry: T): void;
}

/**
 * Time without received spans after which a service counts as silent, ms. Spans of a live service
 * are received more often, because exporters send every five seconds by default.
 */
const SILENT_MS = 10_000;
const MAX_SERVICES = 10_000;

export function createSameCause<T>(
  clock: Clock,
  incidentOf: (entry: T) => Incident,
  fold: (head: T, other: T) => void,
): SameCause<T> {
  /** Time when spans of each service were last received, epoch ms. */
  const heard = new Map<string, number>();
  const byName = new Map<string, Set<T>>();
  const names = new Map<T, readonly string[]>();
  const isSilent = (name: string): boolean => {
    const lastMs = heard.get(name);
    return lastMs !== undefined && clock.now() - lastMs >= SILENT_MS;
  };
  const openedMs = ({ id }: Incident): number =>
    Number.parseInt(id.slice(id.lastIndexOf('-') + 1), 36);
  /**
   * Returns whether `a` opened before `b`. Of two merged incidents the one that opened first stays
   * open, so that the result does not depend on the order in which they are compared.
   */
  const isOlder = (a: Incident, b: Incident): boolean =>
    openedMs(a) < openedMs(b) || (openedMs(a) === openedMs(b) && a.key < b.key);
  const isOpen = (entry: T): boolean => incidentOf(entry).status === 'open';
  const isNamed = (entry: T): boolean => incidentOf(entry).dependency !== null;
  const settle = (entry: T): void => {
    for (const name of names.get(entry) ?? [])
      for (const other of [...(byName.get(name) ?? [])]) {
        if (other === entry || !isOpen(entry) || !isOpen(other) || !isSilent(name)) continue;
        // Two incidents whose errors name different dependencies have different causes.
        if (isNamed(entry) && isNamed(other)) continue;
        if (isOlder(incidentOf(entry), incidentOf(other))) fold(entry, other);
        else fold(other, entry);
      }
  };
  return {
    observe(flow) {
      for (const { service, receivedMs } of flow.steps) {
        const name = nameKey(flow.environment, service);
        const last = heard.get(name);
        if (last === undefined ? heard.size < MAX_SERVICES : receivedMs > last)
          heard.set(name, receivedMs);
      }
    },
    add(entry) {
      const known = namesOf(incidentOf(entry));
      if (known.length === 0) return;
      names.set(entry, known);
      for (const name of known) {
        const all = byName.get(name);
        if (all) all.add(entry);
        else byName.set(name, new Set([entry]));
      }
      // Check again when it is known whether the service is silent. By default this is not later
      // than the end of the group wait, before people are notified.
      clock.after(SILENT_MS, () => settle(entry));
    },
    remove(entry) {
      for (const name of names.get(entry) ?? []) {
        const all = byName.get(name);
        if (all?.delete(entry) && all.size === 0) byName.delete(name);
      }
      names.delete(entry);
    },
    settle,
  };
}
