import { deleteOldest } from '../../base/oldest.ts';
import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { LearnedTypes } from './learned-types.ts';
import { declaresEnds, type TypeModel } from './model.ts';

/**
 * Tells which flow types declare their ends. A flow with a declared start, of a type with declared
 * ends, ends only by a declaration. Otherwise a flow that sleeps for days would count as completed
 * after a moment of idleness.
 */
export interface Ends {
  /**
   * Learns from a flow whether its type declares ends. Returns whether this flow ends only by a
   * declaration.
   */
  isAwaited(type: string, model: TypeModel, flow: Flow): boolean;
}

export interface EndsOptions {
  models: LearnedTypes;
  /** Called once a type is known to declare ends, with the flows that were left open before. */
  onReconsider: (flowIds: string[]) => void;
}

const MAX_COUNTED = 50_000;
const MAX_OPEN = 1000;
const MAX_TYPES = 1000;

export function createEnds({ models, onReconsider }: EndsOptions): Ends {
  const counted = new Set<string>();
  const open = new Map<string, Set<string>>();

  /**
   * Returns whether a flow with declared start and end has not been counted yet. Marks the flow as
   * counted, so that it counts once, however often it is projected.
   */
  const isNew = (type: string, { id, startDeclared, outcome }: Flow): boolean => {
    const key = scopedKey(type, id);
    if (!startDeclared || outcome !== 'completed' || counted.has(key)) return false;
    counted.add(key);
    if (counted.size > MAX_COUNTED) deleteOldest(counted);
    return true;
  };
  /** Remembers a flow without a declared end whose type is not yet known to declare ends. */
  const leaveOpen = (type: string, flowId: string): void => {
    let ids = open.get(type);
    if (ids === undefined) {
      if (open.size >= MAX_TYPES) return;
      open.set(type, (ids = new Set()));
    }
    ids.add(flowId);
    if (ids.size > MAX_OPEN) deleteOldest(ids);
  };
  /** Returns the flows of this type that were left open, and forgets them. */
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
