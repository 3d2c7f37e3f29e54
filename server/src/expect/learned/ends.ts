import type { Flow } from '../../model/flow.ts';

/**
 * Who says when flows end. A flow that said when it started, and whose type says when flows end,
 * ends by what it says; without this a flow that sleeps for days is completed after a moment of
 * quiet.
 */
export interface Ends {
  /** Counts a flow once, however often it is projected. Whether it is one of those that say both. */
  isNew(type: string, flow: Flow): boolean;
  /** The end of this flow was not said, and its type was not known to say ends when it was asked. */
  leftOpen(type: string, flowId: string): void;
  /** Those of this type that were left open, each once: more is known now. */
  takeOpen(type: string): string[];
}

const MAX_COUNTED = 50_000;
const MAX_OPEN = 1000;
const MAX_TYPES = 1000;

export function createEnds(): Ends {
  const counted = new Set<string>();
  const open = new Map<string, Set<string>>();
  return {
    isNew(type, { id, startDeclared, outcome }) {
      const key = `${type}\0${id}`;
      if (!startDeclared || outcome !== 'completed' || counted.has(key)) return false;
      counted.add(key);
      if (counted.size > MAX_COUNTED) counted.delete(counted.values().next().value!);
      return true;
    },
    leftOpen(type, flowId) {
      let ids = open.get(type);
      if (ids === undefined) {
        if (open.size >= MAX_TYPES) return;
        open.set(type, (ids = new Set()));
      }
      ids.add(flowId);
      if (ids.size > MAX_OPEN) ids.delete(ids.values().next().value!);
    },
    takeOpen(type) {
      const ids = [...(open.get(type) ?? [])];
      open.delete(type);
      return ids;
    },
  };
}
