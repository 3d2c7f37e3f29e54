import { oldestKey } from '../../base/oldest.ts';
/**
 * Schedules when the delays of a flow are judged again. Usual waits, and the waits of messages that
 * were sent later, become known only after the flow, for example on the first day or if messages
 * are rare. A flow is judged again after 1, 2, 4 and so on further flows of its type that no outage
 * delayed.
 */
export interface OpenDelays {
  /** Keeps a flow whose delays no outage explains yet. */
  add(type: string, flowId: string): void;
  /**
   * Counts one more flow of a type. Returns the kept flows of that type that are to be judged again
   * now.
   */
  countFlow(type: string): string[];
  /** Forgets a flow, because its delays are explained, or because it is no longer learned from. */
  remove(type: string, flowId: string): void;
}

/** After this many further flows, a flow is judged for the last time. */
const LAST = 1024;
const MAX_PER_TYPE = 300;
const MAX_TOTAL = 20_000;

export function createOpenDelays(): OpenDelays {
  /** Kept flows by type, each with the number of flows of its type that came after it. */
  const byType = new Map<string, Map<string, number>>();
  let total = 0;
  const remove = (type: string, flowId: string): void => {
    const ofType = byType.get(type);
    if (ofType?.delete(flowId) !== true) return;
    total--;
    if (ofType.size === 0) byType.delete(type);
  };
  return {
    add(type, flowId) {
      remove(type, flowId);
      let ofType = byType.get(type);
      if (ofType === undefined) byType.set(type, (ofType = new Map<string, number>()));
      else if (ofType.size >= MAX_PER_TYPE) remove(type, oldestKey(ofType)!);
      if (total >= MAX_TOTAL) return;
      ofType.set(flowId, 0);
      total++;
    },
    countFlow(type) {
      const due: string[] = [];
      const ofType = byType.get(type);
      for (const [flowId, before] of ofType ?? []) {
        const since = before + 1;
        if (Number.isInteger(Math.log2(since))) due.push(flowId);
        if (since >= LAST) remove(type, flowId);
        else ofType!.set(flowId, since);
      }
      return due;
    },
    remove,
  };
}
