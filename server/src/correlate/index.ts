import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Flow, UnattributedRow } from '../model/flow.ts';
import type { FlowInput } from '../model/flow-input.ts';
import { rowTokens, type FlowKey } from '../model/keys.ts';
import { isBatchConsumer } from '../model/roles.ts';
import type { Span, SpanKey } from '../model/span.ts';
import { inputOf } from './flow-input.ts';
import { createAssembler, type Assembler } from './membership/index.ts';
import { createEvictedIndex, type EvictedIndex } from './residency/evicted-index.ts';
import { createEviction, knownCauses } from './residency/eviction.ts';
import {
  createReload,
  isUnattributed,
  placeholderOf,
  type Reload,
  type StoredFlowSpans,
} from './residency/rehydration.ts';
import { nameOf, withWorthlessMarks, worthlessMarks } from './worthless-marks.ts';

export { UNATTRIBUTED } from './residency/rehydration.ts';
export type { StoredFlowSpans };

/**
 * Spans → which flow each belongs to, by flow key. It holds the flows that move; idle ones are
 * evicted from memory and rehydrated when a late span names them. It knows no timelines and no
 * rows: the caller commits spans first, then calls `reload` → `load` what is missing → `add` →
 * `takeDirty`.
 */
export interface Correlator extends EvictedNames {
  /**
   * What these spans need of the store before `add`. `flows`: rehydrated from the store already.
   */
  reload(spans: readonly Span[], flows?: readonly StoredFlowSpans[]): Reloading;
  /** Adds spans of which nothing is missing, and brings every affected flow up to date. */
  add(spans: readonly Span[]): void;
  /** Keys of flows that changed since the last call. */
  takeDirty(): ReadonlySet<FlowKey>;
  /** Rows of spans in no flow that are new, or changed, since the last call. */
  takeUnattributed(): UnattributedRow[];
  /**
   * Keys of the flows that these spans are in; those in none are given again by `takeUnattributed`.
   */
  keysOf(spans: readonly Span[]): readonly FlowKey[];
  /** The key of the flow that this span is in; '': of none, or not in memory. */
  flowKeyOf(span: SpanKey): FlowKey | '';

  /** Spans of the flow with this key; 0: it is not in memory. */
  spanCountOf(key: FlowKey): number;
  /** They are empty where the flow is not in memory. */
  spansOf(key: FlowKey): Iterable<Span>;
  /** What its timeline is made of. Only of a flow in memory. */
  inputOf(key: FlowKey): FlowInput;
  /** The flow with marks of names that identify nothing. */
  withWorthlessMarks(flow: Flow): Flow;

  /**
   * Keys of flows that spans of this one moved into since `forgetMoves`, each with the number of
   * the last move.
   */
  movedInto(key: FlowKey): ReadonlyMap<FlowKey, number> | undefined;
  forgetMoves(key: FlowKey): void;
  /** Moves of spans from one flow to another so far. */
  readonly moves: number;

  /**
   * The store has all that there is to say about this flow: it may be evicted, once it is idle for
   * long enough.
   */
  markIdle(key: FlowKey): void;
  /** It changed, or its rows are not durable yet. */
  markActive(key: FlowKey): void;
  /**
   * Evicts at most so many idle flows, each with its dependency closure; gives the keys of all that
   * are gone.
   */
  evictIdle(most: number): ReadonlySet<FlowKey>;
  /** Flows that wait for their eviction. */
  readonly idleFlows: number;
  readonly spansInMemory: number;
}

/** Names of flows that are only in the store: a Bloom filter of two generations. */
export interface EvictedNames {
  /** Hashes of such names. */
  addToFilter(hashes: Buffer): void;
  /** Tokens that identify nothing, as was found out before. */
  addWorthless(tokens: readonly string[]): void;
  /** The filter holds so many names at least. */
  readonly filterCapacity: number;
  /**
   * The filter is due for rotation: `beginRotation`, `addToFilter` the names of open flows,
   * `rotateFilter`.
   */
  readonly isFilterFull: boolean;
  beginRotation(): void;
  /** From now on the store has flows whose names the filter does not hold. */
  rotateFilter(): void;
  /**
   * The store may have flows that the filter does not know: who seems to be new has to be looked
   * up.
   */
  readonly hasForgottenNames: boolean;
}

/** A flow that was loaded, and the key of the flow that its spans are in by now. */
export interface Rehydrated {
  id: string;
  version: number;
  /** '': its spans are in no flow. */
  key: FlowKey | '';
}

export interface Reloading extends Pick<Reload, 'missing' | 'found' | 'skip' | 'giveUp' | 'size'> {
  /** More flows have this name than it could tell apart: it identifies nothing. */
  discard(name: string): void;
  /** Takes what was found into memory, all at once. To be followed by `add`. */
  load(): Rehydrated[];
}

export interface CorrelatorOptions {
  clock: Clock;
  counters: Counters;
  /** Idle time after which a flow is evicted from memory, ms. */
  idleBeforeEvictionMs: number;
  /**
   * Sizes of the filter of evicted names (`evicted-names-filter.ts`), for tests: smaller than any
   * server's.
   */
  evictedNamesLines?: readonly number[] | undefined;
  /** Under a name of which more was sent nothing is found, for tests: fewer than on any server. */
  mostSends?: number | undefined;
}

export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { clock, counters } = options;
  const assembler = createAssembler(options.mostSends);
  const { graph } = assembler;
  const evictedIndex = createEvictedIndex(graph, options.evictedNamesLines);
  const eviction = createEviction({
    clock,
    assembler,
    evictedIndex,
    idleBeforeEvictionMs: options.idleBeforeEvictionMs,
  });
  counters.gauge('fermata_spans_in_memory', () => graph.size);
  counters.gauge('fermata_departed_names', () => evictedIndex.size);
  counters.gauge('fermata_worthless_names', () => graph.worthless);
  counters.gauge('fermata_resolutions_abandoned', () => assembler.abandoned);

  return {
    reload: (spans, flows = []) => reloading(spans, flows, assembler, evictedIndex, clock),
    add: (spans) => assembler.add(spans),
    takeDirty: () => assembler.takeDirty(),
    takeUnattributed: () => unattributedRows(assembler),
    keysOf: (spans) => keysOf(spans, assembler),
    flowKeyOf: (span) => graph.get(span)?.flowKey ?? '',
    spanCountOf: (key) => assembler.flow(key)?.nodes.size ?? 0,
    *spansOf(key) {
      for (const { span } of assembler.flow(key)?.nodes ?? []) yield span;
    },
    inputOf: (key) => inputOf(assembler.flow(key)!, graph),
    withWorthlessMarks: (flow) => withWorthlessMarks(flow, graph),
    movedInto: (key) => assembler.movedOutOf.get(key),
    forgetMoves: (key) => void assembler.movedOutOf.delete(key),
    get moves() {
      return assembler.moves;
    },
    markIdle: (key) => eviction.markIdle(key),
    markActive: (key) => eviction.markActive(key),
    evictIdle: (most) => eviction.evictIdle(most),
    get idleFlows() {
      return eviction.idleFlows;
    },
    get spansInMemory() {
      return graph.size;
    },
    addToFilter: (hashes) => evictedIndex.addToFilter(hashes),
    addWorthless(tokens) {
      for (const token of tokens) graph.discard(token, clock.now());
    },
    filterCapacity: evictedIndex.filterCapacity,
    get isFilterFull() {
      return evictedIndex.isFilterFull;
    },
    beginRotation: () => evictedIndex.beginRotation(),
    rotateFilter: () => evictedIndex.rotateFilter(),
    get hasForgottenNames() {
      return evictedIndex.forgets;
    },
  };
}

function reloading(
  spans: readonly Span[],
  flows: readonly StoredFlowSpans[],
  assembler: Assembler,
  evictedIndex: EvictedIndex,
  clock: Clock,
): Reloading {
  const reload = createReload(spans, assembler, evictedIndex);
  reload.found(flows);
  const worthless = new Set<string>();
  return Object.assign(reload, {
    discard: (name: string): void => void worthless.add(nameOf(name)),
    load(): Rehydrated[] {
      for (const name of worthless) assembler.discard(name, clock.now());
      const loaded = [...reload.take()];
      for (const flow of loaded)
        for (const span of flow.members) assembler.load(span, placeholderOf(flow, span));
      // Under which keys the loaded flows are shown is known once they are resolved, and before
      // newer spans move anything: what these change is a change of a flow that was shown.
      assembler.add([]);
      return loaded.map(({ id, version, members: [sample] }) => ({
        id,
        version,
        key:
          isUnattributed(id) || sample === undefined
            ? ''
            : (assembler.graph.get(sample.key)?.flowKey ?? ''),
      }));
    },
  });
}

/**
 * A span in no flow has a row, under which it is found when somebody names it; the row is written
 * again when its causes change.
 */
function unattributedRows(assembler: Assembler): UnattributedRow[] {
  const rows: UnattributedRow[] = [];
  for (const node of assembler.takeUnattributed()) {
    const causes = isBatchConsumer(node.span) ? knownCauses(node, assembler) : [];
    const persisted = JSON.stringify(causes);
    if (persisted === node.persistedAsUnattributed) continue;
    node.persistedAsUnattributed = persisted;
    const { key, receivedAtMs } = node.span;
    const tokens = rowTokens([node.span], [node.span]);
    rows.push({
      key,
      receivedAtMs,
      causes,
      tokens: [...tokens, ...worthlessMarks(tokens, assembler.graph)],
    });
  }
  return rows;
}

function keysOf(spans: readonly Span[], assembler: Assembler): readonly FlowKey[] {
  const keys = new Set<FlowKey>();
  for (const { key } of spans) {
    const node = assembler.graph.get(key);
    if (node === undefined) continue;
    if (node.flowKey !== '') {
      keys.add(node.flowKey);
      continue;
    }
    node.persistedAsUnattributed = null;
    assembler.giveAgain(node);
  }
  return [...keys];
}
