import type { Flow } from '../../model/flow.ts';
import type { Incident } from '../../model/incident.ts';
import type { LiveIncident } from './live-incident.ts';

/**
 * Watches open incidents of messages that nobody takes, and tells whether their consumer took later
 * messages of the same destination. If it did, it runs, and the cause is another one.
 */
export interface Overtaken {
  /**
   * Call this when the members of an incident have changed. Do not call it when the last one has
   * left: what was found out about the incident stays with it.
   */
  note(live: LiveIncident): void;
  /** Call this when an incident has ended or was merged into another one. */
  forget(live: LiveIncident): void;
  /** Looks at the incidents of all destinations from which a message of the flow was taken. */
  observe(flow: Flow): void;
}

export interface OvertakenOptions {
  takenAfter: (environment: string, destination: string, service: string, sentMs: number) => number;
  /** Called when the number of an incident (`LiveIncident.overtaken`) has changed. */
  onChanged: (live: LiveIncident) => void;
}

/** Maximum number of flows of an incident whose messages are compared. So many are an outage. */
const MAX_COMPARED = 100;
/** Factor by which the number grows before it is told again, because every message changes it. */
const WORTH_TELLING = 2;

export function createOvertaken({ takenAfter, onChanged }: OvertakenOptions): Overtaken {
  const watched = new Map<string, Set<LiveIncident>>();
  const keyOf = (environment: string, place: string): string => `${environment}\0${place}`;

  /**
   * Returns how many messages were taken that are later than all that the incident's flows wait
   * for. Flows that wait for no message at this place say nothing about later ones; if all of them
   * are such flows, the number is 0.
   */
  const countOf = ({ incident, members }: LiveIncident): number => {
    const { environment, place, service } = incident;
    if (place === null || service === null || members.size > MAX_COMPARED) return 0;
    const sent = [...members.values()].map(({ sentMs }) => sentMs).filter((ms) => ms > 0);
    return sent.length === 0 ? 0 : takenAfter(environment, place, service, Math.max(...sent));
  };
  const look = (live: LiveIncident): void => {
    const count = countOf(live);
    const known = live.overtaken;
    if (count === known || (count > known && known > 0 && count < WORTH_TELLING * known)) return;
    live.overtaken = count;
    onChanged(live);
  };
  return {
    note(live) {
      const { incident } = live;
      if (!isUntaken(incident)) return;
      const key = keyOf(incident.environment, incident.place!);
      watched.set(key, (watched.get(key) ?? new Set()).add(live));
      look(live);
    },
    forget(live) {
      const { environment, place } = live.incident;
      const key = keyOf(environment, place ?? '');
      const here = watched.get(key);
      if (here?.delete(live) === true && here.size === 0) watched.delete(key);
    },
    observe({ environment, hops }) {
      if (watched.size === 0) return;
      const places = new Set(
        hops.flatMap(({ state, message }) => (state === 'delivered' ? [message.destination] : [])),
      );
      for (const place of places) {
        const key = keyOf(environment, place);
        for (const live of watched.get(key) ?? []) look(live);
      }
    },
  };
}

const isUntaken = ({ rule, place, status }: Incident): boolean =>
  rule === 'undelivered-message' && place !== null && place !== '' && status === 'open';

/** Returns when the newest message was sent that the flow waits for somebody to take, ms. */
export const newestUntaken = ({ waitingFor }: Flow, place: string | null): number =>
  Math.max(
    0,
    ...waitingFor.flatMap(({ absence, message, since }) =>
      absence === 'undelivered-message' && message === place ? [since] : [],
    ),
  );
