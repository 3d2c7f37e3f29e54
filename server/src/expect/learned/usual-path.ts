import type { DefinedStep, Definition } from '../../model/definition.ts';
import { comesAfter, type TypeModel } from './model.ts';

/** A step type that flows usually have, described for people to read. */
export interface UsualStep {
  name: string;
  service: string;
  kind: string;
  share: number;
  after: string[];
  medianMs: number;
  lateMs: number;
}
export interface UsualPath {
  flows: number;
  steps: UsualStep[];
}

/** Minimum share of flows that have a step for the step to be part of the usual path. */
const MIN_SHARE = 0.02;
const MAX_STEPS = 60;

/**
 * Describes a learned model as the steps that flows of the type usually have, in the order in which
 * they usually come.
 */
export function usualPath(model: TypeModel): UsualPath {
  const flows = model.flows.total;
  const shares = new Map<string, number>();
  for (const key of model.about.keys())
    if (!isVariantOfStep(key)) shares.set(key, model.flows.holding([key]) / Math.max(1, flows));
  const keys = [...shares]
    .filter(([, share]) => share >= MIN_SHARE)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_STEPS)
    .map(([key]) => key);
  const rank = new Map(keys.map((key) => [key, rankOf(model, key, keys)]));
  keys.sort((a, b) => rank.get(a)! - rank.get(b)!);
  return {
    flows,
    steps: keys.map((key) => {
      const { name, service, kind, causers } = model.about.get(key)!;
      const gap = model.gaps.get(key);
      return {
        ...{ name, service, kind, share: shares.get(key)! },
        after: causers.filter((one) => keys.includes(one)).map((one) => model.about.get(one)!.name),
        medianMs: gap?.median() ?? 0,
        lateMs: gap?.late() ?? 0,
      };
    }),
  };
}

/** Returns whether the key is of a step that failed, or that came again (`keys.ts`). */
const isVariantOfStep = (key: string): boolean => /\0(again|failed)$/.test(key);

/** Returns how many of the other steps usually come before the step. */
const rankOf = (model: TypeModel, key: string, keys: readonly string[]): number =>
  keys.filter((other) => other !== key && (comesAfter(model, key, other) ?? 0) > 0.5).length;

/**
 * Minimum share of the flows that have a step for the step to be required in the definition. A flow
 * that lacks a required step is reported.
 */
const REQUIRED_SHARE = 0.95;
/** A step that fewer than this share of the flows have is left out of the definition. */
const OPTIONAL_SHARE = 0.2;
const MIN_WITHIN_MS = 10_000;

/**
 * Makes a definition that declares what was learned. It is a proposal for people to correct. A step
 * that came in nearly all flows is required, and its time limit is four times the longest usual
 * time before it.
 */
export function definitionFrom(type: string, { steps }: UsualPath): Definition {
  const chosen = steps.filter(
    ({ name, share }, i) =>
      share >= OPTIONAL_SHARE && steps.findIndex((other) => other.name === name) === i,
  );
  const names = chosen.map(({ name }) => name);
  return {
    ...{ type, version: '', withinMs: null, ends: [], undoInOrder: false },
    steps: chosen.map(({ name, service, share, after, lateMs }, i): DefinedStep => ({
      ...{ name, service: service === '' ? null : service, choice: 0, compensatedBy: null },
      // A step may only follow one that is listed before it, so that no definition is circular.
      after: after.filter((one) => names.indexOf(one) >= 0 && names.indexOf(one) < i),
      withinMs: rounded(Math.max(MIN_WITHIN_MS, 4 * lateMs)),
      optional: share < REQUIRED_SHARE,
    })),
  };
}

/** Rounds a time, ms, up to one that people would write, in steps of 10 s, a minute or an hour. */
function rounded(ms: number): number {
  const unit = ms <= 60_000 ? 10_000 : ms <= 3_600_000 ? 60_000 : 3_600_000;
  return Math.ceil(ms / unit) * unit;
}
