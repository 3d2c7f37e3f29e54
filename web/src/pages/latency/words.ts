import type { LatencyAnswer, LatencySegment, WhatIf } from '@fermata/server/contract';
import { comparable } from '../../data/compare.ts';
import { changeOfMs, percent } from '../../ui/change.ts';
import { counted } from '@fermata/server/words';
import { capital, duration, isolate } from '../../ui/format.ts';

type Kind = LatencySegment['kind'];
type Named = Pick<LatencySegment, 'kind' | 'step' | 'service' | 'message'>;

/** Name in the legend and CSS variable of the colour, for each kind of time. */
export const KINDS: Readonly<Record<Kind, readonly [name: string, token: string]>> = {
  processing: ['work', '--work'],
  'queue-wait': ['queue wait', '--wait'],
  'intended-delay': ['intended delay', '--wait'],
  'retry-backoff': ['retry back-off', '--retry'],
  'sync-call': ['synchronous call', '--call'],
  orchestrator: ['orchestrator', '--orchestrator'],
  unknown: ['unknown', '--unknown'],
};

/** Returns the name of a part of the critical path: `OrderPlaced waiting for authorise payment`. */
export function partName({ kind, step, message }: Named): string {
  const [at, what] = [isolate(step), isolate(message)];
  if (kind === 'unknown') return at === '' ? 'time of unknown cause' : `${at}, unknown cause`;
  if (kind === 'queue-wait') return `${what || 'message'} waiting for ${at}`;
  if (kind === 'intended-delay') return `${what || at}, delayed on purpose`;
  if (kind === 'retry-backoff') return `${at}, retry back-off`;
  if (kind === 'sync-call') return `call of ${at}`;
  return kind === 'orchestrator' ? `${at}, orchestrator` : at;
}

/** The main result: how long flows take, what takes most of that time, and what has changed. */
export interface Headline {
  lead: string;
  cause: string;
  /** Kind of time of the part that `cause` names; null if there is none. */
  kind: Kind | null;
  /** The largest changes since the comparison; empty without a comparison. */
  changes: string;
}

const MAX_CHANGES = 3;

/**
 * Returns sentences about how long flows take and what takes most of it. `compared` names the
 * comparison, such as `yesterday`.
 */
export function headlineOf(answer: LatencyAnswer, compared: string): Headline {
  const { population, durationMs } = answer;
  if (population.used === 0)
    return { lead: 'No flow matches.', cause: '', kind: null, changes: '' };
  const { against: other } = comparable(answer);
  const lead = `p95 is ${duration(durationMs.p95)}${
    other ? `, ${compared} ${duration(other.durationMs.p95)}` : ''
  }.`;
  const changed = (other ? (answer.changed ?? []) : []).filter(
    ({ meanMs, againstMeanMs }) => changeOfMs(meanMs, againstMeanMs) !== '—',
  );
  return { lead, ...causeOf(answer, changed[0]), changes: changesText(answer, changed, compared) };
}

type Changed = NonNullable<LatencyAnswer['changed']>[number];

function causeOf(
  { chain, durationMs }: LatencyAnswer,
  changed: Changed | undefined,
): Pick<Headline, 'cause' | 'kind'> {
  const growth = changed ? changed.meanMs - changed.againstMeanMs : 0;
  // A change of less than 5 % of the median is too small to explain the difference.
  if (changed && growth > durationMs.p50 / 20)
    return {
      cause: `${capital(partName(changed))} takes ${duration(growth)} more on average.`,
      kind: changed.kind,
    };
  const most = [...chain].sort((a, b) => b.shareAtP90 - a.shareAtP90)[0];
  if (!most || most.shareAtP90 === 0) return { cause: '', kind: null };
  const share = percent(most.shareAtP90);
  return {
    cause: `${capital(partName(most))} takes ${share} of the time at p90 (${duration(durationMs.p90)}).`,
    kind: most.kind,
  };
}

function changesText(answer: LatencyAnswer, changed: readonly Changed[], compared: string): string {
  if (answer.against === undefined) return '';
  if (answer.against.population.used === 0) return `There are no flows to compare with.`;
  if (changed.length === 0) return `On average nothing takes longer or shorter than ${compared}.`;
  const parts = changed
    .slice(0, MAX_CHANGES)
    .map((one) => `${partName(one)} ${changeOfMs(one.meanMs, one.againstMeanMs)}`);
  return `On average, compared with ${compared}: ${parts.join(', ')}.`;
}

/** Returns a sentence about how durations would change if a part took half its time. */
export function whatIfText(part: string, { flows, shorter, beforeMs, afterMs }: WhatIf): string {
  const all = counted(flows, 'flow');
  if (shorter === 0)
    return `If ${part} took half its time, none of ${all} would end earlier: others take as long.`;
  const instead = (key: 'p50' | 'p95'): string =>
    `${duration(afterMs[key])} instead of ${duration(beforeMs[key])}`;
  return [
    `If ${part} took half its time,`,
    `p95 would be ${instead('p95')}, and the median ${instead('p50')}.`,
    `${shorter.toLocaleString('en')} of ${all} would be shorter.`,
  ].join(' ');
}
