import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { LearnedTypes } from './learned-types.ts';
import { declaresEnds, type TypeModel } from './model.ts';

/**
 * Who says when flows end. A flow that said when it started, and whose type says when flows end,
 * ends by what it says; without this a flow that sleeps for days is completed after a moment of
 * quiet.
 */
export interface Ends {
  /**
   * Learns from a flow whether its type says when flows end. True: this one ends only once somebody
   * says so.
   */
  isAwaited(type: string, model: TypeModel, flow: Flow): boolean;
}

export interface EndsOptions {
  models: LearnedTypes;
  /** Their type is known to say ends now: these were left open before. */
  onReconsider: (flowIds: string[]) => void;
}

const MAX_COUNTED = 50_000;
const MAX_OPEN = 1000;
const MAX_TYPES = 1000;

export function createEnds({ models, onReconsider }: EndsOptions): Ends {
  const counted = new Set<string>();
  const open = new Map<string, Set<string>>();

  /**
   * Counts a flow once, however often it is projected. Whether it is one of those that say both.
   */
  const isNew = (type: string, { id, startDeclared, outcome }: Flow): boolean => {
    const key = scopedKey(type, id);
    if (!startDeclared || outcome !== 'completed' || counted.has(key)) return false;
    counted.add(key);
    if (counted.size > MAX_COUNTED) counted.delete(counted.values().next().value!);
    return true;
  };
  /**
   * The end of this flow was not said, and its type was not known to say ends when it was asked.
   */
  const leaveOpen = (type: string, flowId: string): void => {
    let ids = open.get(type);
    if (ids === undefined) {
      if (open.size >= MAX_TYPES) return;
      open.set(type, (ids = new Set()));
    }
    ids.add(flowId);
    if (ids.size > MAX_OPEN) ids.delete(ids.values().next().value!);
  };
  /** Those of this type that were left open, each once. */
  const takeOpen = (type: string): string[] => {
    const ids = [...(open.get(type) ?? [])];
    open.delete(type);
    return ids;
  };

  return {
    isAwaited(type, model, flow) {
      if (!flow.startDeclared) return false;
      if (models.has(type) && isNew(type, flow)) {
        model.ends.declared++;
        models.markChanged(type);
      }
      const isKnown = declaresEnds(model);
      if (isKnown) {
        const left = takeOpen(type);
        if (left.length > 0) onReconsider(left);
      } else if (flow.outcome === null) leaveOpen(type, flow.id);
      return isKnown && flow.outcome === null;
    },
  };
}
