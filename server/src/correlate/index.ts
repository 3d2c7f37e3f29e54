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
 * The correlator decides to which flow, by flow key, each span belongs. Flows that still change are
 * kept in memory. Idle flows are evicted, and are rehydrated when a late span names them. The
 * correlator builds no timelines and no rows. The caller first commits spans, then calls `reload`
 * and `load` to bring missing flows into memory, then `add` and `takeDirty`.
 */
export interface Correlator extends EvictedNames {
  /**
   * Finds out what has to be read from the store before these spans are added. `flows` are stored
   * flows that the caller has read already.
   */
  reload(spans: readonly Span[], flows?: readonly StoredFlowSpans[]): Reloading;
  /**
   * Adds spans and brings every affected flow up to date. Everything that the spans affect must be
   * in memory.
   */
  add(spans: readonly Span[]): void;
  /** Returns the dirty set: keys of flows that changed since the last call. */
  takeDirty(): ReadonlySet<FlowKey>;
  /** Returns the rows of unattributed spans that are new or have changed since the last call. */
  takeUnattributed(): UnattributedRow[];
  /**
   * Returns the keys of the flows of these spans. If some of these spans are in no flow, the next
   * `takeUnattributed` returns their rows, even if it has returned these rows before.
   */
  keysOf(spans: readonly Span[]): readonly FlowKey[];
  /** Returns the key of the span's flow; '' if the span is in no flow or not in memory. */
  flowKeyOf(span: SpanKey): FlowKey | '';

  /** Returns the number of spans of the flow with this key; 0 if the flow is not in memory. */
  spanCountOf(key: FlowKey): number;
  /** Returns the spans of the flow; none if the flow is not in memory. */
  spansOf(key: FlowKey): Iterable<Span>;
  /** Returns the input from which the flow's timeline is built. The flow must be in memory. */
  inputOf(key: FlowKey): FlowInput;
  /**
   * Returns the flow with marks for its worthless tokens, which identify nothing because too many
   * spans use them.
   */
  withWorthlessMarks(flow: Flow): Flow;

  /**
   * Returns the keys of the flows into which spans of this flow moved since the last call of
   * `forgetMoves`. The value for each key is the sequence number of the last move into that flow.
   */
  movedInto(key: FlowKey): ReadonlyMap<FlowKey, number> | undefined;
  forgetMoves(key: FlowKey): void;
  /**
   * Number of moves of spans from one flow to another so far. The sequence number of a move is this
   * number after the move.
   */
  readonly moves: number;

  /**
   * Marks a flow whose rows are complete in the store, so that it may be evicted once it has been
   * idle long enough.
   */
  markIdle(key: FlowKey): void;
  /** Withdraws `markIdle`, because the flow changed, or because its rows are not durable yet. */
  markActive(key: FlowKey): void;
  /**
   * Evicts at most `most` idle flows, each with its dependency closure. Returns the keys of all
   * evicted flows.
   */
  evictIdle(most: number): ReadonlySet<FlowKey>;
  /** Number of flows that are marked idle and not evicted yet. */
  readonly idleFlows: number;
  readonly spansInMemory: number;
}

/**
 * The names of the flows that were evicted to the store. They are kept in a Bloom filter of two
 * generations.
 */
export interface EvictedNames {
  /** Adds names to the filter by their hashes. */
  addToFilter(hashes: Buffer): void;
  /** Marks tokens as identifying nothing, because they were found worthless before the restart. */
  addWorthless(tokens: readonly string[]): void;
  /** Minimum number of names that the filter can hold before a rotation drops any. */
  readonly filterCapacity: number;
  /**
   * True if the filter has to be rotated: call `beginRotation`, add the names of open flows by
   * `addToFilter`, then call `rotateFilter`.
   */
  readonly isFilterFull: boolean;
  beginRotation(): void;
  /**
   * Drops the oldest generation of names. Afterwards the store has flows whose names are not in the
   * filter.
   */
  rotateFilter(): void;
  /**
   * True if the store may have flows whose names are not in the filter, so that a flow that seems
   * new has to be looked up in the store.
   */
  readonly hasForgottenNames: boolean;
}

/**
 * A rehydrated flow, or a rehydrated unattributed span, with the key of the flow in which its spans
 * are now.
 */
export interface Rehydrated {
  id: string;
  version: number;
  /** Key of the flow in which the spans are now; '' when they are in no flow. */
  key: FlowKey | '';
}

export interface Reloading extends Pick<Reload, 'missing' | 'found' | 'skip' | 'giveUp' | 'size'> {
  /**
   * Marks a name as identifying nothing, because the store has more flows with this name than are
   * rehydrated for one name.
   */
  discard(name: string): void;
  /**
   * Loads everything that was found into memory in one step. The caller must call the correlator's
   * `add` next.
   */
  load(): Rehydrated[];
}

export interface CorrelatorOptions {
  clock: Clock;
  counters: Counters;
  /** Idle time, ms, after which a flow is evicted from memory. */
  idleBeforeEvictionMs: number;
  /**
   * Sizes of the filters of evicted names, in cache lines (`evicted-names-filter.ts`); tests set
   * smaller ones.
   */
  evictedNamesLines?: readonly number[] | undefined;
  /**
   * Maximum number of sends with one message name; a name with more sends identifies nothing. Tests
   * set a smaller number.
   */
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
      // Trees are resolved before newer spans are added, so that the result shows under which keys
      // the loaded flows were projected. If newer spans then move a span to another flow, that
      // counts as a change of the flows that were projected.
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
 * Returns a row for each unattributed span that has no row yet or whose causes changed. The row has
 * tokens, so that the span is found when a later span refers to it.
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
    assembler.reportAgain(node);
  }
  return [...keys];
}
