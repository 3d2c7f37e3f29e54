import type { Clock } from '../../base/clock.ts';
import type { Flow } from '../../model/flow.ts';
import type { Incident } from '../../model/incident.ts';
import { nameKey, namesOf } from './title.ts';

/**
 * Finds incidents with one cause: several queues of one service are not consumed, or some flows
 * await the service and errors of others name it, while no span of it arrives. While spans of it
 * arrive, two stalled queues of the service count as two causes.
 */
export interface SameCause<T> {
  /** Learns from a flow which services are alive. */
  observe(flow: Flow): void;
  add(entry: T): void;
  remove(entry: T): void;
  /** Folds the incident together with others of the same cause. */
  settle(entry: T): void;
}

/**
 * A service that is alive is observed within this time, ms: exporters send every five seconds by
 * default.
 */
const SILENT_MS = 10_000;
const MAX_SERVICES = 10_000;

export function createSameCause<T>(
  clock: Clock,
  incidentOf: (entry: T) => Incident,
  fold: (head: T, other: T) => void,
): SameCause<T> {
  /** Time at which spans of each service were last received, epoch ms. */
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
   * Decides which incident goes on: the one that opened first, so that the order of comparison does
   * not matter.
   */
  const isOlder = (a: Incident, b: Incident): boolean =>
    openedMs(a) < openedMs(b) || (openedMs(a) === openedMs(b) && a.key < b.key);
  const isOpen = (entry: T): boolean => incidentOf(entry).status === 'open';
  const isNamed = (entry: T): boolean => incidentOf(entry).dependency !== null;
  const settle = (entry: T): void => {
    for (const name of names.get(entry) ?? [])
      for (const other of [...(byName.get(name) ?? [])]) {
        if (other === entry || !isOpen(entry) || !isOpen(other) || !isSilent(name)) continue;
        // Errors that name two dependencies mean two causes.
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
      // The silence shows by then, and the group wait has not ended yet.
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
