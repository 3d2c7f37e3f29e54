import type { Clock } from '../../base/clock.ts';
import type { Correlator, Rehydrated } from '../../correlate/index.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { FlowKey } from '../../model/keys.ts';
import { NONE, type SpanKey } from '../../model/span.ts';

/** Under which ids each flow was last projected, and which of those rows are not durable yet. */
export interface ShownFlows {
  /** The key of the flow that was projected as this id. */
  keyOf(id: string): FlowKey | undefined;
  /** The ids that this flow was last projected as, a run each. */
  idsOf(key: FlowKey): readonly string[];
  /** When it was last projected, ms. */
  projectedAtMs(key: FlowKey): number | undefined;
  /** From now on this flow is shown as these ids. */
  show(key: FlowKey, ids: readonly string[]): void;
  /** The id is no name of a flow any more. */
  bury(id: string): void;
  /** This flow is in memory no more, or gone: its spans live under another key. */
  drop(key: FlowKey): void;
  /** Where the spans of this flow live, which is gone; '': in no flow. */
  homeOf(key: FlowKey): FlowKey | '';
  /** Keys of flows that spans of this one moved into, and that were not projected since. */
  movedInto(key: FlowKey): FlowKey[];
  /** Loaded from the store: a late change of one of these is a change of what is shown. */
  rehydrated(flows: readonly Rehydrated[]): void;
  /** Even: the odd number after it is the same row, seen once the flow has settled. */
  nextVersion(): number;
  markUnwritten(changes: readonly FlowChange[]): void;
  /**
   * This change is durable. Gives the key of its flow if now all of its rows are, otherwise
   * undefined.
   */
  written(change: FlowChange): FlowKey | undefined;
  /** Rows that are not durable yet. */
  readonly unwrittenRows: number;
}

interface Shown {
  ids: readonly string[];
  /** A member span: where it lives now is where the flow went. */
  sample: SpanKey | null;
  projectedAtMs: number;
  /** How many moves of spans between flows there had been. */
  moves: number;
}

export function createShownFlows(
  clock: Clock,
  correlator: Pick<Correlator, 'flowKeyOf' | 'moves' | 'movedInto' | 'spanCountOf' | 'spansOf'>,
): ShownFlows {
  const shown = new Map<FlowKey, Shown>();
  const keyOfId = new Map<string, FlowKey>();
  /** Newest version of each row that is on its way to the store. */
  const unwritten = new Map<string, number>();
  let lastVersion = 0;

  const sampleOf = (key: FlowKey): SpanKey | null => {
    for (const span of correlator.spansOf(key)) return span.key;
    return null;
  };
  const adopt = ({ id, key, version }: Rehydrated): void => {
    lastVersion = Math.max(lastVersion, version);
    if (key === '') return;
    // Projected under this id is another flow by now: what the row held is shared out.
    const other = keyOfId.get(id);
    if (other !== undefined && other !== key && correlator.spanCountOf(other) > 0) return;
    keyOfId.set(id, key);
    const known = shown.get(key);
    if (known) known.ids = [...new Set([...known.ids, id])];
    else shown.set(key, { ids: [id], sample: sampleOf(key), projectedAtMs: 0, moves: 0 });
  };

  return {
    keyOf: (id) => keyOfId.get(id),
    idsOf: (key) => shown.get(key)?.ids ?? NONE,
    projectedAtMs: (key) => shown.get(key)?.projectedAtMs,
    show(key, ids) {
      for (const id of ids) keyOfId.set(id, key);
      shown.set(key, {
        ids,
        sample: sampleOf(key),
        projectedAtMs: clock.now(),
        moves: correlator.moves,
      });
    },
    bury: (id) => void keyOfId.delete(id),
    drop(key) {
      for (const id of shown.get(key)?.ids ?? NONE) keyOfId.delete(id);
      shown.delete(key);
    },
    homeOf(key) {
      const sample = shown.get(key)?.sample ?? null;
      return sample === null ? '' : correlator.flowKeyOf(sample);
    },
    movedInto(key) {
      const since: FlowKey[] = [];
      for (const [to, move] of correlator.movedInto(key) ?? [])
        if ((shown.get(to)?.moves ?? -1) < move) since.push(to);
      return since;
    },
    rehydrated: (flows) => flows.forEach(adopt),
    nextVersion() {
      lastVersion = Math.max(lastVersion + 2, clock.now() * 1000);
      return lastVersion;
    },
    markUnwritten(changes) {
      for (const { id, version } of changes) unwritten.set(id, version);
    },
    written({ id, version }) {
      if (unwritten.get(id) === version) unwritten.delete(id);
      const key = keyOfId.get(id);
      if (key === undefined) return undefined;
      return shown.get(key)?.ids.some((other) => unwritten.has(other)) ? undefined : key;
    },
    get unwrittenRows() {
      return unwritten.size;
    },
  };
}
