import type { WaitingFor } from '../model/expectation.ts';
import type { Digest, DigestStep } from './digest.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import { wilson } from './outcome-sets.ts';

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
interface Record {
  met: number;
  unmet: number;
  waits: Histogram;
  /** Who meets it, last seen. */
  step: string;
  service: string;
}

const FEWEST = 20;
const NORMAL = 0.8;
const MOST_RECORDS = 5000;
/** Few samples: nothing is stuck sooner. */
const UNSURE_MS = 60_000;
/** A running step of which no duration is known, after its last sign of life. */
const NO_SIGN_MS = 600_000;

export function createStructure(): Structure {
  const byEnvironment = new Map<string, Map<string, Record>>();
  const changed = new Set<string>();
  const environmentOf = (digest: Digest): string => digest.type.split('\0')[0]!;
  const recordOf = (environment: string, key: string): Record | undefined => {
    let records = byEnvironment.get(environment);
    if (records === undefined) byEnvironment.set(environment, (records = new Map<string, Record>()));
    let record = records.get(key);
    if (record === undefined && records.size < MOST_RECORDS)
      records.set(key, (record = { met: 0, unmet: 0, waits: createHistogram(), step: '', service: '' }));
    return record;
  };
  const count = (record: Record | undefined, met: boolean, weight: number): void => {
    if (record === undefined) return;
    if (met) record.met = Math.max(0, record.met + weight);
    else record.unmet = Math.max(0, record.unmet + weight);
    if (record.met + record.unmet < FULL) return;
    record.met /= 2;
    record.unmet /= 2;
  };
  const normal = (environment: string, key: string): Record | null => {
    const record = byEnvironment.get(environment)?.get(key);
    if (record === undefined || record.met + record.unmet < FEWEST) return null;
    return wilson(record.met, record.met + record.unmet).lower >= NORMAL ? record : null;
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
          const record = recordOf(environment, consumedKey(consumer.via));
          count(record, true, weight);
          if (record === undefined) continue;
          record.waits.add(ms, weight);
          record.step = consumer.name;
          record.service = consumer.service;
        }
        for (const { destination } of step.waiting)
          count(recordOf(environment, consumedKey(destination)), false, weight);
        if (step.kind !== 'command' || step.running || step.endMs === null) continue;
        const record = recordOf(environment, repliedKey(step));
        count(record, step.replied, weight);
        if (record && step.replied) record.waits.add(step.endMs - step.startMs, weight);
      }
    },
    owedBy(digest, known, floorMs) {
      if (digest.aborted || digest.declaredComplete) return [];
      const environment = environmentOf(digest);
      const found: WaitingFor[] = [];
      for (const step of digest.steps) {
        if (known.some((one) => one.afterStepId === step.id)) continue;
        if (step.running) {
          found.push(endOf(step, floorMs));
          continue;
        }
        for (const hop of step.waiting) {
          const record = normal(environment, consumedKey(hop.destination));
          if (record === null) continue;
          found.push({
            ...owed(step, record, hop.sentMs, floorMs),
            id: `${hop.hopId}>consumed`,
            hopId: hop.hopId,
            step: record.step,
            service: record.service,
            message: hop.destination,
            absence: 'undelivered-message',
          });
        }
        if (step.kind !== 'command' || step.replied || step.failed) continue;
        const record = normal(environment, repliedKey(step));
        if (record === null) continue;
        found.push({
          ...owed(step, record, step.startMs, floorMs),
          id: `${step.id}>reply`,
          step: `reply of ${step.name}`,
          service: step.service,
          absence: 'missing-reply',
        });
      }
      return found;
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
        [key: string]: Omit<Record, 'waits'> & { waits: [number, number][] };
      };
      byEnvironment.set(
        environment,
        new Map(
          Object.entries(stored).map(([key, record]) => [
            key,
            { ...record, waits: createHistogram(record.waits) },
          ]),
        ),
      );
    },
  };
}

const FULL = 4000;
const consumedKey = (destination: string): string => `consumed ${destination}`;
const repliedKey = (step: DigestStep): string => `replied ${step.as}`;

function owed(
  step: DigestStep,
  { met, unmet, waits }: Record,
  sentMs: number,
  floorMs: number,
): Omit<WaitingFor, 'id' | 'step' | 'service' | 'absence'> {
  const since = Math.min(sentMs, step.receivedMs);
  const bound = Math.max(floorMs, 2 * waits.quantile(0.999), met + unmet < 100 ? UNSURE_MS : 0);
  return {
    afterStepId: step.id,
    hopId: null,
    message: null,
    oneOf: [],
    certain: true,
    expectedAt: since + waits.quantile(0.5),
    since,
    lateAt: since + Math.max(floorMs, waits.quantile(0.999)),
    stuckAt: since + bound,
    basis: 'structural',
    probability: met / (met + unmet),
    samples: Math.round(met + unmet),
    provisional: true,
  };
}

function endOf(step: DigestStep, floorMs: number): WaitingFor {
  const by = step.aliveMs + Math.max(floorMs, NO_SIGN_MS);
  return {
    id: `${step.id}>end`,
    afterStepId: step.id,
    hopId: null,
    step: step.name,
    service: step.service,
    message: null,
    oneOf: [],
    certain: true,
    expectedAt: by,
    since: step.aliveMs,
    lateAt: by,
    stuckAt: by,
    basis: 'structural',
    absence: 'lost-step',
    probability: 1,
    samples: 0,
    provisional: true,
  };
}
