import type { Digest } from './digest.ts';
import type { StepAbout, TypeModel } from './model.ts';
import { createOutcomeSets } from './outcome-sets.ts';
import { createWaits, type StoredWaits, type Waits } from './waits.ts';

/** Returns the model as JSON, for the store and for people. */
export function toStored(model: TypeModel): object {
  return {
    version: model.version,
    undo: {
      done: Object.fromEntries(model.undo.done),
      undone: Object.fromEntries(model.undo.undone),
      order: Object.fromEntries(model.undo.order),
    },
    accepted: Object.fromEntries(model.accepted),
    ends: model.ends,
    flows: model.flows,
    gaps: Object.fromEntries(model.gaps),
    order: Object.fromEntries(
      [...model.order].map(([key, before]) => [key, Object.fromEntries(before)]),
    ),
    messages: Object.fromEntries(
      [...model.messages].map(([key, { takers, waits }]) => [
        key,
        { takers, waits: Object.fromEntries(waits) },
      ]),
    ),
    about: Object.fromEntries(model.about),
    steps: Object.fromEntries(
      [...model.steps].map(([key, step]) => [
        key,
        {
          sets: step.sets,
          byVersion: Object.fromEntries(step.byVersion),
          waits: Object.fromEntries(step.waits),
          durations: step.durations,
        },
      ]),
    ),
  };
}

type Sets = [string[], number][];
interface Stored {
  version: number;
  undo: Record<'done' | 'undone' | 'order', Record<string, number>>;
  /** Absent in models that an earlier version stored. */
  accepted?: Record<string, number>;
  ends?: TypeModel['ends'];
  order?: Record<string, Record<string, number>>;
  messages?: Record<string, { takers: Sets; waits: Record<string, StoredWaits> }>;
  rare?: Digest[];
  flows: Sets;
  gaps: Record<string, StoredWaits>;
  about: Record<
    string,
    Omit<StepAbout, 'lag' | 'via' | 'group' | 'causers'> & {
      lag: StoredWaits;
      via: string | string[];
      group?: string;
      causers?: string[];
    }
  >;
  steps: Record<
    string,
    {
      sets: Sets;
      byVersion: Record<string, Sets>;
      waits: Record<string, StoredWaits>;
      durations: StoredWaits;
    }
  >;
}

/**
 * Reads a stored model. Also returns `rare`: flows that the model was learned from and that may
 * still be retracted.
 */
export function fromStored(json: string): { model: TypeModel; rare: Digest[] } {
  const stored = JSON.parse(json) as Stored;
  const waitsIn = (all: Record<string, StoredWaits>): Map<string, Waits> =>
    new Map(Object.entries(all).map(([key, waits]) => [key, createWaits(waits)]));
  // In models of an earlier version, the sets of a step held the consumers of its messages. Those
  // sets are dropped and learned anew.
  const isOfBefore = stored.messages === undefined;
  const model: TypeModel = {
    version: stored.version,
    undo: {
      done: new Map(Object.entries(stored.undo.done)),
      undone: new Map(Object.entries(stored.undo.undone)),
      order: new Map(Object.entries(stored.undo.order)),
    },
    accepted: new Map(Object.entries(stored.accepted ?? {})),
    ends: stored.ends ?? { declared: 0, quiet: 0 },
    flows: createOutcomeSets(stored.flows),
    order: new Map(
      Object.entries(stored.order ?? {}).map(([key, before]) => [
        key,
        new Map(Object.entries(before)),
      ]),
    ),
    gaps: waitsIn(stored.gaps),
    messages: new Map(
      Object.entries(stored.messages ?? {}).map(([key, { takers, waits }]) => [
        key,
        { takers: createOutcomeSets(takers), waits: waitsIn(waits) },
      ]),
    ),
    about: new Map(
      Object.entries(stored.about).map(([key, about]) => [
        key,
        {
          ...about,
          via: [about.via].flat().filter((one) => one !== ''),
          ...{ group: about.group ?? '', causers: about.causers ?? [] },
          lag: createWaits(about.lag),
        },
      ]),
    ),
    steps: new Map(
      Object.entries(isOfBefore ? {} : stored.steps).map(([key, step]) => [
        key,
        {
          sets: createOutcomeSets(step.sets),
          byVersion: new Map(
            Object.entries(step.byVersion).map(([version, sets]) => [
              version,
              createOutcomeSets(sets),
            ]),
          ),
          waits: waitsIn(step.waits),
          durations: createWaits(step.durations),
        },
      ]),
    ),
  };
  return { model, rare: isOfBefore ? [] : rareOf(stored) };
}

/**
 * Returns the stored flows. In flows of an earlier version the lag of a step and the receipt of its
 * end are missing; they are computed from the receipt of the step.
 */
function rareOf({ rare = [] }: Stored): Digest[] {
  for (const { steps } of rare)
    for (const step of steps) {
      step.lagMs ??= Math.max(0, step.receivedMs - step.startMs);
      step.endReceivedMs ??= step.receivedMs;
    }
  return rare;
}
