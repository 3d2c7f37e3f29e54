import type { Clock } from '../../base/clock.ts';
import type { Finding, WaitingFor } from '../../model/expectation.ts';
import type { Flow } from '../../model/flow.ts';
import { NO_SUSPICION, type Suspicion } from '../../model/incident.ts';
import { scopedKey } from '../keys.ts';
import { environmentOf, type Digest } from '../learned/digest.ts';
import { createQueues } from './queues.ts';
import { createTakers } from './takers.ts';

/**
 * Finds possible causes of an absence in other flows: a service that became silent, a deployment, a
 * queue that grows.
 */
export interface CauseHints {
  observe(flow: Flow, digest: Digest): void;
  forget(flowId: string): void;
  /**
   * Returns whether anything was received from the service of the expected step since the step
   * became expected.
   */
  wasHeardSince(digest: Digest, owed: WaitingFor): boolean;
  /** Returns when this service last began this step, in any flow, in ms since 1970; 0 if never. */
  performedAt(environment: string, service: string | null, step: string): number;
  /** Counts later messages that a service took at a destination (`takers.ts`). */
  takenAfter(environment: string, destination: string, service: string, sentMs: number): number;
  /** Returns what is suspicious, for the incident of a finding. */
  explain(finding: Finding, flow: Flow): Suspicion;
}

interface Versions {
  now: string;
  before: string | null;
  sinceMs: number;
}

const MAX_SERVICES = 10_000;
/**
 * A service counts as silent if the last span from it was received more than this time, ms, before
 * the step became expected.
 */
const SILENT_MS = 10_000;
const MAX_STEPS = 20_000;
/**
 * A version of a service counts as a possible cause if it was first seen less than this time, ms,
 * before something went wrong.
 */
const DEPLOY_MS = 3_600_000;

export function createCauseHints(clock: Clock): CauseHints {
  /** When a span of each service was last received, in any flow, in ms since 1970. */
  const lastSeen = new Map<string, number>();
  /** When each step of each service last began, in any flow, in ms since 1970. */
  const performed = new Map<string, number>();
  const versions = new Map<string, Versions>();
  const queues = createQueues(clock);
  const takers = createTakers();
  const keyOf = (environment: string, service: string | null): string =>
    scopedKey(environment, service ?? '');

  const ofService = ({ service, since }: Finding, { environment }: Flow): Suspicion => {
    if (service === null) return NO_SUSPICION;
    const key = keyOf(environment, service);
    const seen = lastSeen.get(key);
    const deployed = versions.get(key);
    if (seen === undefined) return NO_SUSPICION;
    if (seen < since - SILENT_MS)
      return { unheard: { service, since: seen, until: null }, others: [] };
    if (!deployed || deployed.before === null || since - deployed.sinceMs >= DEPLOY_MS)
      return NO_SUSPICION;
    const { now, before, sinceMs } = deployed;
    const at = new Date(sinceMs).toISOString();
    const said = `version ${now} of ${service} runs since ${at}, before it was ${before || 'unnamed'}`;
    return { unheard: null, others: [said] };
  };
  const ofQueue = ({ place }: Finding, { environment }: Flow): string | null => {
    const growth = place === null ? null : queues.growth(environment, place);
    if (growth === null) return null;
    const { waiting, aMinuteAgo, taken } = growth;
    return `${waiting} messages wait in ${place}, ${aMinuteAgo} did a minute ago, ${taken} ${taken === 1 ? 'was' : 'were'} taken since`;
  };

  return {
    observe(flow, digest) {
      queues.observe(flow);
      takers.observe(flow);
      for (const step of digest.steps) {
        const key = keyOf(flow.environment, step.service);
        const seen = lastSeen.get(key);
        if (seen === undefined && lastSeen.size >= MAX_SERVICES) continue;
        const name = scopedKey(key, step.name);
        if (performed.has(name) || performed.size < MAX_STEPS)
          performed.set(name, Math.max(performed.get(name) ?? 0, step.startMs));
        lastSeen.set(key, Math.max(seen ?? 0, step.receivedMs));
        const known = versions.get(key);
        if (known?.now !== step.version && step.receivedMs > (known?.sinceMs ?? 0))
          versions.set(key, {
            now: step.version,
            before: known?.now ?? null,
            sinceMs: step.receivedMs,
          });
      }
    },
    forget: (flowId) => queues.forget(flowId),
    takenAfter: (...of) => takers.takenAfter(...of),
    wasHeardSince: ({ type }, { service, since }) =>
      (lastSeen.get(keyOf(environmentOf({ type }), service)) ?? 0) > since,
    performedAt: (environment, service, step) =>
      performed.get(scopedKey(keyOf(environment, service), step)) ?? 0,
    explain(finding, flow) {
      if (!finding.lasting) return NO_SUSPICION;
      const { unheard, others } = ofService(finding, flow);
      const queue = ofQueue(finding, flow);
      return { unheard, others: queue === null ? others : [...others, queue] };
    },
  };
}
