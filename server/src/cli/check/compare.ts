import { counted, duration } from '../../words/index.ts';
import type { Profile, Share, TypeProfile } from './profile.ts';

/**
 * The comparison of one subject, such as steps or latency, for one flow type. `changes` is empty if
 * it is as in the baseline.
 */
export interface Comparison {
  type: string;
  subject: Subject;
  changes: string[];
}
export const SUBJECTS = [
  'flows',
  'held',
  'steps',
  'joins',
  'failures',
  'chain',
  'latency',
] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface Tolerance {
  /** Maximum difference of a share of flows that does not count as a change, 0 to 1. */
  share: number;
  /** A duration may be at most this many times that of the baseline. */
  times: number;
}

/**
 * Differences between small numbers of flows may be chance. Quantiles are compared only with at
 * least `MIN_FLOWS` flows, and a duration must differ by more than `MIN_MS`.
 */
const MIN_FLOWS = 20;
const MIN_MS = 20;

/** Compares what flows did with what they did in the baseline, for each flow type. */
export function compare(before: Profile, now: Profile, tolerance: Tolerance): Comparison[] {
  const earlier = new Map(before.types.map((type) => [type.type, type]));
  const present = new Map(now.types.map((type) => [type.type, type]));
  const names = [...new Set([...earlier.keys(), ...present.keys()])].sort();
  return names.flatMap((type) => {
    const [was, is] = [earlier.get(type), present.get(type)];
    if (is === undefined)
      return [{ type, subject: 'flows' as const, changes: ['no flow of this type any more'] }];
    if (was === undefined)
      return [
        { type, subject: 'flows' as const, changes: [`new: ${counted(is.flows, 'flow')}`] },
        { type, subject: 'held' as const, changes: heldChanges(is) },
      ];
    return SUBJECTS.map((subject) => ({
      type,
      subject,
      changes: RULES[subject](was, is, tolerance),
    }));
  });
}

type Rule = (was: TypeProfile, is: TypeProfile, tolerance: Tolerance) => string[];

const RULES: Record<Subject, Rule> = {
  flows: () => [],
  held: (was, is) => (is.held / is.flows > was.held / was.flows ? heldChanges(is) : []),
  steps: (was, is, { share }) =>
    differences(was.steps, is.steps, share, {
      came: (name) => `new step ${name}`,
      went: (name) => `no step ${name} any more`,
    }),
  joins: (was, is, { share }) =>
    differences(was.joins, is.joins, share, {
      came: (name) => `new: ${name}`,
      went: (name) => `no more: ${name}`,
    }),
  failures: (was, is, { share }) =>
    // A step that fails less often than before is not reported, because nobody has to agree to
    // that.
    differences(was.failures, is.failures, share, {
      came: (name) => `fails now: ${name}`,
      went: () => null,
    }),
  chain: (was, is, { share }) =>
    differences(was.chain, is.chain, Math.max(share, MIN_PART), {
      came: (name) => `waits now for ${name}`,
      went: () => null,
      tellsAllNew: false,
    }),
  latency: slower,
};
/**
 * A part of the critical path is reported only if its share of the time changed by more than this.
 */
const MIN_PART = 0.1;

const heldChanges = ({ held }: TypeProfile): string[] =>
  held === 0 ? [] : [`${counted(held, 'flow')} late or stuck`];

interface Says {
  /**
   * False if names that are not in the baseline are reported only if their share exceeds the
   * tolerance. By default they are always reported, because a test run may take a new path only
   * once.
   */
  tellsAllNew?: boolean;
  came: (name: string) => string | null;
  went: (name: string) => string | null;
}

/** Returns a text for each name whose share of the flows differs from the baseline. */
function differences(
  was: readonly Share[],
  is: readonly Share[],
  tolerance: number,
  { came, went, tellsAllNew = true }: Says,
): string[] {
  const before = new Map(was.map(({ name, share }) => [name, share]));
  const now = new Map(is.map(({ name, share }) => [name, share]));
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [before.get(name) ?? 0, now.get(name) ?? 0];
    const isToldHoweverRare = from === 0 && tellsAllNew;
    if (!isToldHoweverRare && Math.abs(to - from) <= tolerance) return [];
    const said = to > from ? came(name) : went(name);
    return said === null ? [] : [`${said} (${percent(from)} → ${percent(to)})`];
  });
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

function slower(was: TypeProfile, is: TypeProfile, { times }: Tolerance): string[] {
  const [before, now] = [was.durationMs, is.durationMs];
  if (Math.min(before.count, now.count) < MIN_FLOWS) return [];
  return (['p50', 'p95'] as const)
    .filter((at) => now[at] > before[at] * times && now[at] - before[at] > MIN_MS)
    .map((at) => `${at} ${duration(before[at])} → ${duration(now[at])}`);
}
