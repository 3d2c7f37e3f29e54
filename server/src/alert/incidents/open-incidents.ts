import { awaitedStepKey, causeKey } from '../../model/cause.ts';
import type { Finding } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import type { Incident } from '../../model/incident.ts';
import { MAX_KEYS, type LiveIncident } from './live-incident.ts';

/** Index of the open incidents by their cause, awaited step and dependency. */
export interface OpenIncidents {
  add(live: LiveIncident): void;
  remove(live: LiveIncident): void;
  /**
   * Adds a key to the incident, so that findings with this key belong to it. An incident has at
   * most MAX_KEYS keys.
   */
  addKey(live: LiveIncident, key: string): void;
  /** Adds the keys of `folded`, which was merged into `head`, to the keys of `head`. */
  takeKeysOver(head: LiveIncident, folded: LiveIncident): void;
  get(key: string): LiveIncident | undefined;
  has(key: string): boolean;
  list(): Set<LiveIncident>;
  /**
   * Returns the key of the incident that a finding belongs to. This incident may not be open yet.
   */
  keyOf(finding: Finding, flow: Flow): string;
}

/**
 * Maximum number of dependencies in the errors of one step. If there are more, the names in these
 * errors probably vary with the flow and are not dependencies.
 */
const MAX_DEPENDENCIES = 5;

export function createOpenIncidents(): OpenIncidents {
  const byKey = new Map<string, LiveIncident>();
  const byStep = new Map<string, LiveIncident>();
  /** Number of open incidents with a dependency, by the step whose errors name it. */
  const dependencies = new Map<string, number>();

  const countDependency = ({ incident }: LiveIncident, change: 1 | -1): void => {
    if (incident.dependency === null) return;
    const key = stepOf(incident);
    const count = (dependencies.get(key) ?? 0) + change;
    if (count > 0) dependencies.set(key, count);
    else dependencies.delete(key);
  };
  return {
    add(live) {
      const { incident } = live;
      for (const key of incident.keys) byKey.set(key, live);
      const step = awaitedStepOf(incident, incident.environment, incident.flowType, incident.key);
      if (step !== null && !byStep.has(step)) byStep.set(step, live);
      countDependency(live, 1);
    },
    remove(live) {
      const { incident } = live;
      for (const key of incident.keys) if (byKey.get(key) === live) byKey.delete(key);
      const step = awaitedStepOf(incident, incident.environment, incident.flowType, incident.key);
      if (step !== null && byStep.get(step) === live) byStep.delete(step);
      countDependency(live, -1);
    },
    addKey(live, key) {
      if (live.incident.keys.length >= MAX_KEYS) return;
      live.incident.keys.push(key);
      byKey.set(key, live);
    },
    takeKeysOver(head, folded) {
      const { incident } = head;
      incident.keys = [...new Set([...incident.keys, ...folded.incident.keys])].slice(0, MAX_KEYS);
      for (const key of incident.keys) byKey.set(key, head);
    },
    get: (key) => byKey.get(key),
    has: (key) => byKey.has(key),
    list: () => new Set(byKey.values()),
    keyOf(finding, { environment, type }) {
      const { incident, dependency, ...about } = finding;
      if (byKey.has(incident)) return incident;
      if (dependency === undefined) {
        const step = byStep.size > 0 ? awaitedStepOf(finding, environment, type, incident) : null;
        return (step === null ? undefined : byStep.get(step)?.incident.key) ?? incident;
      }
      const isText = (dependencies.get(stepOf({ environment, ...about })) ?? 0) >= MAX_DEPENDENCIES;
      return isText ? causeKey(environment, type, about) : incident;
    },
  };
}

const stepOf = ({
  environment,
  service,
  step,
}: Pick<Incident, 'environment' | 'service' | 'step'>): string =>
  [environment, service, step].join('\0');

const awaitedStepOf = (
  { rule, service, step, place }: Pick<Finding, 'rule' | 'service' | 'step' | 'place'>,
  environment: string,
  flowType: string,
  key: string,
): string | null => awaitedStepKey(environment, flowType, { rule, service, step, place }, key);
