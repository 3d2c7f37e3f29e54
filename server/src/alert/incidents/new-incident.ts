import type { Incident } from '../../model/incident.ts';

type Required =
  'key' | 'rule' | 'severity' | 'lasting' | 'environment' | 'flowType' | 'service' | 'step';

/**
 * Creates an incident in its initial state. The caller passes the fields that describe what the
 * incident is about. All other fields are empty.
 */
export function newIncident(
  about: Pick<Incident, Required> & Partial<Incident>,
  nowMs: number,
): Incident {
  return {
    keys: [about.key],
    id: `${about.key}-${nowMs.toString(36)}`,
    status: 'open',
    title: '',
    cause: null,
    place: null,
    dependency: null,
    channel: null,
    parts: [],
    foldedInto: null,
    count: 0,
    openCount: 0,
    firstAt: nowMs,
    lastAt: nowMs,
    resolvedAt: null,
    drainPerMinute: null,
    etaAt: null,
    value: null,
    exampleFlowIds: [],
    notes: [],
    ack: null,
    outgrownAt: null,
    trend: [],
    unheard: [],
    version: nowMs * 1000,
    ...about,
  };
}
