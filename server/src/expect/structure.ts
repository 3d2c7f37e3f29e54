import type { WaitingFor } from '../model/expectation.ts';
import type { Digest, DigestStep } from './digest.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import { wilson } from './outcome-sets.ts';
import { MOST_WAITING, owedSince, waitingFor } from './waiting-for.ts';

/**
 * What messaging itself owes, in whatever flow type: a message to a destination that is consumed owes a consumption, a
 * command that is usually replied to owes a reply, a started step owes an end or a sign of life. Counted per environment,
 * so that a flow type of which nothing is known yet is not blind.
 */
export interface Structure {
  teach(digest: Digest, weight: 1 | -1): void;
  /** Beyond what `known` says already. */
  owedBy(digest: Digest, known: readonly WaitingFor[], floorMs: number): WaitingFor[];
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

/** Of messages to one destination, or of commands to one step: how many met what they owe. */
interface Tally {
  met: number;
  unmet: number;
  waits: Histogram;
  /** Who meets it, last seen. */
  step: string;
  service: string;
}

const FEWEST = 20;
const NORMAL = 0.8;
const MOST_TALLIES = 5000;
/** Few samples: nothing is stuck sooner. */
const UNSURE_MS = 60_000;
/** A running step of which no duration is known, after its last sign of life. */
const NO_SIGN_MS = 600_000;

export function createStructure(): Structure {
  const byEnvironment = new Map<string, Map<string, Tally>>();
  const changed = new Set<string>();
  const environmentOf = (digest: Digest): string => digest.type.split('\0')[0]!;
  const tallyOf = (environment: string, key: string): Tally | undefined => {
    let tallies = byEnvironment.get(environment);
    if (tallies === undefined) byEnvironment.set(environment, (tallies = new Map<string, Tally>()));
    let tally = tallies.get(key);
    if (tally === undefined && tallies.size < MOST_TALLIES)
      tallies.set(key, (tally = { met: 0, unmet: 0, waits: createHistogram(), step: '', service: '' }));
    return tally;
  };
  const count = (tally: Tally | undefined, met: boolean, weight: number): void => {
    if (tally === undefined) return;
    if (met) tally.met = Math.max(0, tally.met + weight);
    else tally.unmet = Math.max(0, tally.unmet + weight);
    if (tally.met + tally.unmet < FULL) return;
    tally.met /= 2;
    tally.unmet /= 2;
  };
  const normal = (environment: string, key: string): Tally | null => {
    const tally = byEnvironment.get(environment)?.get(key);
    if (tally === undefined || tally.met + tally.unmet < FEWEST) return null;
    return wilson(tally.met, tally.met + tally.unmet).lower >= NORMAL ? tally : null;
  };
  return {
    teach(digest, weight) {
      const environment = environmentOf(digest);
      changed.add(environment);
      const byType = new Map(digest.steps.map((step) => [step.as, step]));
      for (const step of digest.steps) {
        for (const { to, ms } of step.waits) {
          const consumer = byType.get(to);
          if (consumer === undefined || consumer.via === '') continue;
          const tally = tallyOf(environment, consumedKey(consumer.via));
          count(tally, true, weight);
          if (tally === undefined) continue;
          tally.waits.add(ms, weight);
          tally.step = consumer.name;
          tally.service = consumer.service;
        }
        for (const { destination } of step.waiting)
          count(tallyOf(environment, consumedKey(destination)), false, weight);
        if (step.kind !== 'command' || step.running || step.endMs === null) continue;
        const tally = tallyOf(environment, repliedKey(step));
        count(tally, step.replied, weight);
        if (tally && step.replied) tally.waits.add(step.endMs - step.startMs, weight);
      }
    },
    owedBy(digest, known, floorMs) {
      if (digest.aborted || digest.declaredComplete) return [];
      const environment = environmentOf(digest);
      const found: WaitingFor[] = [];
      for (const step of digest.steps) {
        if (found.length >= MOST_WAITING) break;
        if (known.some((one) => one.afterStepId === step.id)) continue;
        if (step.running) {
          found.push(endOf(step, floorMs));
          continue;
        }
        for (const hop of step.waiting) {
          const tally = normal(environment, consumedKey(hop.destination));
          if (tally === null) continue;
          found.push(
            waitingFor({
              ...owed(step, tally, hop.sentMs, floorMs),
              id: `${hop.hopId}>consumed`,
              hopId: hop.hopId,
              step: tally.step,
              service: tally.service,
              message: hop.destination,
              absence: 'undelivered-message',
            }),
          );
        }
        if (step.kind !== 'command' || step.replied || step.failed) continue;
        const tally = normal(environment, repliedKey(step));
        if (tally === null) continue;
        found.push(
          waitingFor({
            ...owed(step, tally, step.startMs, floorMs),
            id: `${step.id}>reply`,
            step: `reply of ${step.name}`,
            service: step.service,
            absence: 'missing-reply',
          }),
        );
      }
      return found.slice(0, MOST_WAITING);
    },
    takeChanged() {
      const list = [...changed].map((environment) => ({
        environment,
        json: JSON.stringify(Object.fromEntries(byEnvironment.get(environment) ?? [])),
      }));
      changed.clear();
      return list;
    },
    load(environment, json) {
      const stored = JSON.parse(json) as {
        [key: string]: Omit<Tally, 'waits'> & { waits: [number, number][] };
      };
      byEnvironment.set(
        environment,
        new Map(
          Object.entries(stored).map(([key, tally]) => [
            key,
            { ...tally, waits: createHistogram(tally.waits) },
          ]),
        ),
      );
    },
  };
}

const FULL = 4000;
const consumedKey = (destination: string): string => `consumed ${destination}`;
const repliedKey = (step: DigestStep): string => `replied ${step.as}`;

function owed(step: DigestStep, { met, unmet, waits }: Tally, sentMs: number, floorMs: number) {
  const since = owedSince(step, sentMs);
  const longest = waits.quantile(0.999);
  return {
    afterStepId: step.id,
    expectedAt: since + waits.quantile(0.5),
    since,
    lateAt: since + Math.max(floorMs, longest),
    stuckAt: since + Math.max(floorMs, 2 * longest, met + unmet < 100 ? UNSURE_MS : 0),
    basis: 'structural' as const,
    probability: met / (met + unmet),
    samples: Math.round(met + unmet),
    provisional: true,
  };
}

const endOf = (step: DigestStep, floorMs: number): WaitingFor =>
  waitingFor({
    id: `${step.id}>end`,
    afterStepId: step.id,
    step: step.name,
    service: step.service,
    since: step.aliveMs + step.behindMs,
    stuckAt: step.aliveMs + step.behindMs + Math.max(floorMs, NO_SIGN_MS),
    basis: 'structural',
    absence: 'lost-step',
    provisional: true,
  });
