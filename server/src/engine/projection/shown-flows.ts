import type { Clock } from '../../base/clock.ts';
import type { Correlator, Rehydrated } from '../../correlate/index.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { FlowKey } from '../../model/keys.ts';
import { NONE, type SpanKey } from '../../model/span.ts';

/**
 * Tracks the ids under which each flow was last projected, and which rows of these flows are not
 * durable yet.
 */
export interface ShownFlows {
  /**
   * Returns the key of the flow that was last projected under this id; undefined if no flow was.
   */
  keyOf(id: string): FlowKey | undefined;
  /** Returns the ids under which this flow was last projected, one for each run. */
  idsOf(key: FlowKey): readonly string[];
  /**
   * Returns the time of the flow's last projection, epoch ms; undefined if it was not projected.
   */
  projectedAtMs(key: FlowKey): number | undefined;
  /** Records that the flow has now been projected under these ids. */
  show(key: FlowKey, ids: readonly string[]): void;
  /** Records that no flow has this id any more. The row with this id becomes a tombstone. */
  bury(id: string): void;
  /** Removes a flow that was evicted, or whose spans all moved to another flow. */
  drop(key: FlowKey): void;
  /**
   * Returns the key of the flow that now contains a span of a vanished flow; '' if no flow contains
   * this span.
   */
  homeOf(key: FlowKey): FlowKey | '';
  /**
   * Returns the keys of the flows to which spans of this flow have moved, and which have not been
   * projected since.
   */
  movedInto(key: FlowKey): FlowKey[];
  /**
   * Records flows that were loaded from the store, under the ids of their rows. If such a flow
   * loses an id later, this id gets a tombstone.
   */
  rehydrated(flows: readonly Rehydrated[]): void;
  /**
   * Returns the next row version, an even number. The odd number after it is reserved for the same
   * row after the flow has settled (`viewAt`).
   */
  nextVersion(): number;
  markUnwritten(changes: readonly FlowChange[]): void;
  /**
   * Records that this change is durable. Returns the flow's key if all rows of the flow are now
   * durable; undefined otherwise.
   */
  written(change: FlowChange): FlowKey | undefined;
  /** Number of rows that are not durable yet. */
  readonly unwrittenRows: number;
}

interface Shown {
  ids: readonly string[];
  /**
   * Key of any one span of the flow. If the flow vanishes, its tombstone points to the flow that
   * then contains this span.
   */
  sample: SpanKey | null;
  projectedAtMs: number;
  /**
   * Value of `correlator.moves`, which counts moves of spans between flows, at the time of the last
   * projection.
   */
  moves: number;
}

export function createShownFlows(
  clock: Clock,
  correlator: Pick<Correlator, 'flowKeyOf' | 'moves' | 'movedInto' | 'spanCountOf' | 'spansOf'>,
): ShownFlows {
  const shown = new Map<FlowKey, Shown>();
  const keyOfId = new Map<string, FlowKey>();
  /** Newest version of each row that is not durable yet, by row id. */
  const unwritten = new Map<string, number>();
  let lastVersion = 0;

  const sampleOf = (key: FlowKey): SpanKey | null => {
    for (const span of correlator.spansOf(key)) return span.key;
    return null;
  };
  const adopt = ({ id, key, version }: Rehydrated): void => {
    lastVersion = Math.max(lastVersion, version);
    if (key === '') return;
    // If another flow was projected under this id meanwhile, the spans of the stored row now belong
    // to several flows. The id then stays with that other flow.
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
