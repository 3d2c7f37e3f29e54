import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { Badge, Flow, FlowChange, KnownCause } from '../model/flow.ts';
import { POLLED, REFERRER, TAKEN, TOKEN, WORTHLESS } from '../model/names.ts';
import type { Span, SpanKey } from '../model/span.ts';
import { createEvictedIndex } from './residency/evicted-index.ts';
import { createAssembler, type FlowState } from './membership/index.ts';
import { inputOf } from './flow-input.ts';
import { isBatchConsumer } from '../model/roles.ts';
import { flowKeyOf, idTokenOf, isUntyped, isSoftToken, rowTokens } from '../model/keys.ts';
import type { Graph } from './graph/index.ts';
import { createEviction, knownCauses } from './residency/eviction.ts';
import {
  createReload,
  isUnattributed,
  placeholderOf,
  UNATTRIBUTED,
  type Reload,
  type StoredFlowSpans,
} from './residency/rehydration.ts';
import {
  causalShifts,
  createProjectedLately,
  flowIdOf,
  RIGHT_CLOCKS,
  splitRuns,
  toTimeline,
  type Clocks,
} from '../timeline/index.ts';

/**
 * Spans → flows. Holds the flows that move; settled ones leave memory and come back when a late span names them.
 * The caller commits spans first, then calls: `missing` → `load` what it names, until nothing is missing → `add`; and
 * now and then `takeChanges` → write → `written`.
 */
export type { StoredFlowSpans };

export interface Correlator {
  /**
   * What these spans need of the store first: load what `missing` names, until nothing is missing, then `add`. `flows`:
   * brought already.
   */
  reload(spans: readonly Span[], flows?: readonly StoredFlowSpans[]): Reloading;
  /** Spans that need nothing of the store. Gives the keys of flows that changed, for `takeChangesOf`. */
  add(spans: readonly Span[]): readonly string[];
  /**
   * Changed flows with their timelines; tombstones of names that are gone; spans in no flow. At most `limit` flows, those
   * that wait longest first: projecting many at once would stop everything else. Without a limit none is put off.
   * What is given at once has to be written at once: a flow that spans went away from comes with those that have them
   * now. A crash in between would leave those spans in no row, although their own batch was included long ago.
   */
  takeChanges(limit?: number): Changes;
  /** The same at once for the flows with these keys, and for those that were projected as these ids. */
  takeChangesOf(ids: Iterable<string>, keys: readonly string[]): Changes;
  /** Keys of the flows that these spans are in, for `takeChangesOf`; those in none are given with the next changes. */
  keysOf(spans: readonly Span[]): readonly string[];
  /** The changes are durable: what is quiet may leave memory. */
  written(changes: readonly FlowChange[]): void;
  /** Hashes of names of flows that are only in the store. */
  addToFilter(hashes: Buffer): void;
  /** Tokens that identify nothing, as was found out before. */
  addWorthless(tokens: readonly string[]): void;
  /** So many names are remembered at least. */
  readonly filterCapacity: number;
  /** The filter is due for rotation: `beginRotation`, `addToFilter` the names of open flows, `rotateFilter`. */
  readonly isFilterFull: boolean;
  beginRotation(): void;
  /** From now on there are flows in the store whose names are not remembered, and so `Changes.unheard`. */
  rotateFilter(): void;
  /**
   * An open flow that is not in memory; when it settles and when it has to be judged again, ms; null where it does not by
   * itself.
   */
  remainsOpen(flowId: string, settlesAtMs: number | null, lookAtMs: number | null): void;
  /** Project and judge these again, although nothing arrived. */
  lookAgain(flowIds: Iterable<string>): void;
  readonly openFlows: number;
  /** Changed, not projected since. */
  readonly flowsToProject: number;
  readonly spansInMemory: number;
  stop(): void;
}

export interface Changes {
  list: FlowChange[];
  /** Nothing else can be projected now. */
  isAll: boolean;
  /** Whatever had changed when this cycle began has been given by now. */
  cycleEnds: boolean;
  unheard: Unheard;
}

/**
 * What may be in the store of flows that seem to be new, where names were forgotten: flows with these ids, and, of flows
 * whose type nobody said, with these names. To be loaded, and looked at again.
 */
export interface Unheard {
  ids: string[];
  names: string[];
}

export type Reloading = Pick<Reload, 'missing' | 'found' | 'skip' | 'giveUp' | 'size'> & {
  /** More flows have this name than it could tell apart. */
  discard(name: string): void;
  /** All at once: what was found, and the spans. */
  add(): readonly string[];
};

export interface CorrelatorOptions {
  clock: Clock;
  counters: Counters;
  /** Quiet time after which an undeclared flow counts as ended, ms. */
  settleMs: number;
  /** Quiet time after which a flow leaves memory, ms. */
  idleBeforeEvictionMs: number;
  /** Quiet time, ms, after which an id that is used again makes a new run; 0: only a declared start does. */
  runQuietMs?: number | undefined;
  /** Flows that were open count as ended now. */
  onSettled(flowIds: string[]): void;
  /** Health, what is awaited and what is wrong, at `now`: part of every projection. */
  judge(flow: Flow): Flow;
  /** Flows that are not in memory and have to be judged again: load them, then `add`. */
  onAway(flowIds: string[]): void;
  /** The flow with this key could not be projected. */
  onFault?: ((error: unknown, key: string) => void) | undefined;
  /** Something changed: `takeChanges` has work. */
  onDirty(): void;
  /** What is learned of senders' clocks; without it each flow speaks for itself. */
  clocks?: Clocks | undefined;
  /** Sizes of the filter of evicted names (`evicted-names-filter.ts`), for tests: smaller than any server's. */
  evictedNamesLines?: readonly number[] | undefined;
  /** Under a name of which more was sent nothing is found, for tests: fewer than on any server. */
  mostSends?: number | undefined;
}

export { createClocks, type Clocks } from '../timeline/index.ts';

type Taken = Pick<Changes, 'list' | 'unheard'>;

/** What was last written about a flow key. */
interface Shown {
  ids: readonly string[];
  /** A member span: where it lives now is where the flow went. */
  sample: string;
  computedAtMs: number;
  /** How many moves of spans between flows there had been. */
  moves: number;
}

/** Flows above so many spans are projected less often: at most this share of the time goes into one of them. */
const LARGE = 1000;
const PROJECT_MS_PER_SPAN = 0.05;

export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { clock } = options;
  const runQuietNs = BigInt(options.runQuietMs ?? 0) * 1_000_000n;
  const assembler = createAssembler(options.mostSends);
  const { graph } = assembler;
  const evictedIndex = createEvictedIndex(graph, options.evictedNamesLines);
  const shown = new Map<string, Shown>();
  const keyOfId = new Map<string, string>();
  const pending = new Set<string>();
  /** What was pending when this cycle of projection began, last first. */
  let cycle: string[] = [];
  /** Put off in the first cycle since one was complete: none is complete before these are projected. */
  const deferred = new Set<string>();
  let isFirstCycle = true;
  const unwritten = new Map<string, number>();
  /** Loaded, not yet resolved: under which key they are shown is known after that. */
  const brought: { id: string; sample: SpanKey }[] = [];
  let lastVersion = 0;
  let openFlows = 0;
  const open = new Set<string>();
  const { clocks } = options;
  const projectedLately = createProjectedLately();
  let cancelRevision: (() => void) | undefined;

  const eviction = createEviction({
    clock,
    assembler,
    evictedIndex,
    idleBeforeEvictionMs: options.idleBeforeEvictionMs,
    isWritten(key) {
      const last = pending.has(key) ? undefined : shown.get(key);
      return last !== undefined && !last.ids.some((id) => unwritten.has(id));
    },
    onGone(key) {
      for (const id of shown.get(key)?.ids ?? []) keyOfId.delete(id);
      shown.delete(key);
    },
  });
  const deadlines = createDeadlines(clock, (ids) => {
    for (const id of ids) open.delete(id);
    openFlows = open.size;
    options.onSettled(ids);
  });

  const lookAgain = (ids: Iterable<string>): void => {
    const gone: string[] = [];
    for (const id of ids) {
      const key = keyOfId.get(id);
      if (key !== undefined && assembler.flow(key)) pending.add(key);
      else gone.push(id);
    }
    if (gone.length > 0) options.onAway(gone);
    if (pending.size > 0) options.onDirty();
  };
  const looks = createDeadlines(clock, lookAgain);

  /** Even: the odd one after it is the same row, seen once the flow has settled. */
  const nextVersion = (): number => {
    lastVersion = Math.max(lastVersion + 2, clock.now() * 1000);
    return lastVersion;
  };

  const collectDirty = (): readonly string[] => {
    const keys = [...assembler.takeDirty()];
    for (const key of keys) {
      pending.add(key);
      eviction.markActive(key);
    }
    return keys;
  };

  /** The timelines of one flow key, one per run, and tombstones for what it was shown as before. */
  const project = (key: string, state: FlowState, { list, unheard }: Taken): void => {
    const now = clock.now();
    const [first] = state.nodes;
    const known = shown.get(key)?.ids ?? [];
    const show = (ids: readonly string[]): void =>
      void shown.set(key, { ids, sample: first!.span.key, computedAtMs: now, moves: assembler.moves });
    const runs = runsOf(state);
    if (runs === null) return show(known);
    const before = new Set(known);
    for (const flow of runs) {
      keyOfId.set(flow.id, key);
      if (flow.lookAtMs === null) looks.clear(flow.id);
      else looks.set(flow.id, flow.lookAtMs);
      const settlesAt = flow.lastReceivedMs + options.settleMs;
      if (flow.phase === 'ended' || (flow.idleOutcome !== null && settlesAt <= now)) {
        open.delete(flow.id);
        deadlines.clear(flow.id);
      } else {
        open.add(flow.id);
        if (flow.idleOutcome === null) deadlines.clear(flow.id);
        else deadlines.set(flow.id, settlesAt);
      }
      list.push({ id: flow.id, version: nextVersion(), flow, movedTo: null });
      if (evictedIndex.forgets && !before.has(flow.id)) lookFor(flow, key, unheard);
      before.delete(flow.id);
    }
    for (const id of before) addTombstone(id, runs[0]!.id, list);
    show(runs.map((flow) => flow.id));
    projectedLately.projected(key);
  };
  /** What is told of a clock anew is true of flows that were projected without it. */
  const reviseClocks = (): boolean => {
    const told = clocks?.revise();
    if (told === undefined || told.size === 0) return false;
    const again = projectedLately.saidBy(told, (key) => assembler.flow(key)?.nodes);
    for (const key of again) pending.add(key);
    options.counters.add('fermata_flows_drawn_again_for_clocks_total', again.length);
    return true;
  };
  /** What was projected may speak against a clock, although nothing else arrives. */
  const reviseLater = (): void => {
    if (clocks === undefined || clocks.dueAtMs === Infinity || cancelRevision !== undefined) return;
    cancelRevision = clock.after(Math.max(0, clocks.dueAtMs - clock.now()), () => {
      cancelRevision = undefined;
      options.onDirty();
    });
  };
  /** null: a fault of ours, which must not keep all others from being projected. Its rows, if there are any, stay as they are. */
  const runsOf = (state: FlowState): Flow[] | null => {
    try {
      const input = inputOf(state, graph);
      let shifts = causalShifts(input, clocks ?? RIGHT_CLOCKS);
      // What this flow shows is true of itself.
      if (reviseClocks()) shifts = causalShifts(input, clocks ?? RIGHT_CLOCKS);
      const runs = splitRuns(input, shifts, runQuietNs).map((run, i) =>
        options.judge(markWorthless(toTimeline(run, shifts, i + 1), graph)),
      );
      runs.slice(1).forEach((flow, i) => {
        flow.relations.push({ flowId: runs[i]!.id, kind: 'previous-run', viaSpanId: '', target: '' });
      });
      return runs;
    } catch (error) {
      options.counters.add('fermata_drawing_failures_total');
      options.onFault?.(error, state.key);
      return null;
    }
  };

  /** A late span may say more or less than the others did: by the id with and without the type it is one flow. */
  const lookFor = ({ id, environment, flowId }: Flow, key: string, { ids, names }: Unheard): void => {
    ids.push(id);
    if (flowId === '') return;
    if (isUntyped(key)) names.push(TOKEN + idTokenOf(environment, flowId));
    else ids.push(flowIdOf(flowKeyOf(environment, flowId, ''), 1));
  };

  const addTombstone = (id: string, movedTo: string | null, changes: FlowChange[]): void => {
    open.delete(id);
    deadlines.clear(id);
    looks.clear(id);
    keyOfId.delete(id);
    changes.push({ id, version: nextVersion(), flow: null, movedTo });
  };

  const isTooSoon = (key: string, now: number): boolean => {
    const size = assembler.flow(key)?.nodes.size ?? 0;
    const last = shown.get(key);
    return size > LARGE && last !== undefined && now - last.computedAtMs < size * PROJECT_MS_PER_SPAN;
  };
  /** Flows that spans of this one went to, and that were not projected since. */
  const gainersOf = (key: string): string[] => {
    const movedInto: string[] = [];
    for (const [to, move] of assembler.movedOutOf.get(key) ?? [])
      if ((shown.get(to)?.moves ?? -1) < move) movedInto.push(to);
    return movedInto;
  };
  const isDeferred = (key: string, now: number): boolean =>
    isTooSoon(key, now) || gainersOf(key).some((to) => isTooSoon(to, now));
  const projectNow = (first: string, taken: Taken): void => {
    const keys = new Set([first]);
    for (const key of keys) {
      for (const to of gainersOf(key)) keys.add(to);
      assembler.movedOutOf.delete(key);
      pending.delete(key);
      deferred.delete(key);
      const state = assembler.flow(key);
      if (state) project(key, state, taken);
      else {
        // The key is gone: its spans live under another name now.
        const last = shown.get(key);
        const home = last && graph.get(last.sample);
        const to = home?.flowKey ? flowIdOf(home.flowKey, 1) : null;
        for (const id of last?.ids ?? []) addTombstone(id, to, taken.list);
        shown.delete(key);
        eviction.markActive(key);
      }
    }
  };
  const changesOf = ({ list: taken, unheard }: Taken): Changes => {
    // A name that was deleted and projected in one go (a rename back) is projected.
    const projected = new Set(taken.flatMap((change) => (change.flow ? [change.id] : [])));
    const list = taken.filter((change) => change.flow !== null || !projected.has(change.id));
    for (const change of list) unwritten.set(change.id, change.version);
    for (const node of assembler.takeUnattributed()) {
      const causes = isBatchConsumer(node.span) ? knownCauses(node, assembler) : [];
      const persisted = JSON.stringify(causes);
      if (persisted === node.persistedAsUnattributed) continue;
      node.persistedAsUnattributed = persisted;
      list.push(unattributedChange(node.span, causes, nextVersion(), graph));
    }
    openFlows = open.size;
    const isAll = cycle.length === 0;
    return { list, isAll, cycleEnds: isAll && deferred.size === 0, unheard };
  };

  const load = (flow: StoredFlowSpans): void => {
    const { id, version, members } = flow;
    lastVersion = Math.max(lastVersion, version);
    if (!isUnattributed(id) && members[0]) brought.push({ id, sample: members[0].key });
    for (const span of members) assembler.load(span, placeholderOf(flow, span));
  };

  const self: Correlator = {
    reload(spans, flows = []) {
      const reload = createReload(spans, assembler, evictedIndex);
      reload.found(flows);
      const useless = new Set<string>();
      return Object.assign(reload, {
        discard: (name: string): void => void useless.add(nameIn(name)),
        add(): readonly string[] {
          for (const name of useless) assembler.discard(name, clock.now());
          for (const flow of reload.take()) load(flow);
          return self.add(spans);
        },
      });
    },
    add(spans) {
      assembler.add([]);
      for (const { id, sample } of brought.splice(0)) {
        const key = graph.get(sample)?.flowKey;
        if (!key) continue;
        // Projected under this id is another flow by now: what the row held is shared out.
        const other = keyOfId.get(id);
        if (other !== undefined && other !== key && assembler.flow(other) !== undefined) continue;
        keyOfId.set(id, key);
        const known = shown.get(key);
        if (known) known.ids = [...new Set([...known.ids, id])];
        else shown.set(key, { ids: [id], sample, computedAtMs: 0, moves: 0 });
      }
      assembler.add(spans);
      clocks?.observe(spans);
      const changed = collectDirty();
      if (pending.size > 0) options.onDirty();
      return changed;
    },
    takeChanges(limit = Infinity) {
      collectDirty();
      reviseClocks();
      if (cycle.length === 0) {
        cycle = [...pending].reverse();
        isFirstCycle = deferred.size === 0;
      }
      const taken: Taken = { list: [], unheard: { ids: [], names: [] } };
      const now = clock.now();
      let hasDeferred = false;
      while (cycle.length > 0 && taken.list.length < limit) {
        const key = cycle.pop()!;
        if (!pending.has(key)) continue;
        if (limit === Infinity || !isDeferred(key, now)) projectNow(key, taken);
        else {
          hasDeferred = true;
          if (isFirstCycle) deferred.add(key);
        }
      }
      if (hasDeferred) options.onDirty();
      reviseLater();
      return changesOf(taken);
    },
    takeChangesOf(ids, keys) {
      const again = new Set(keys);
      for (const id of ids) again.add(keyOfId.get(id) ?? '');
      again.delete('');
      const taken: Taken = { list: [], unheard: { ids: [], names: [] } };
      for (const key of again) projectNow(key, taken);
      return changesOf(taken);
    },
    keysOf(spans) {
      const keys = new Set<string>();
      for (const { key } of spans) {
        const node = graph.get(key);
        if (node === undefined) continue;
        if (node.flowKey !== '') {
          keys.add(node.flowKey);
          continue;
        }
        node.persistedAsUnattributed = null;
        assembler.giveAgain(node);
      }
      return [...keys];
    },
    written(changes) {
      for (const { id, version } of changes) {
        if (unwritten.get(id) === version) unwritten.delete(id);
        const key = keyOfId.get(id);
        if (key === undefined || pending.has(key)) continue;
        eviction.markIdle(key);
      }
      eviction.evictSome(changes.length);
      if (pending.size > 0) options.onDirty();
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
    lookAgain,
    remainsOpen(flowId, settlesAtMs, lookAtMs) {
      open.add(flowId);
      openFlows = open.size;
      if (settlesAtMs !== null) deadlines.set(flowId, settlesAtMs);
      if (lookAtMs !== null) looks.set(flowId, lookAtMs);
    },
    get flowsToProject() {
      return pending.size;
    },
    get openFlows() {
      return openFlows;
    },
    get spansInMemory() {
      return graph.size;
    },
    stop() {
      cancelRevision?.();
      eviction.stop();
      deadlines.stop();
      looks.stop();
    },
  };
  options.counters.gauge('fermata_open_flows', () => openFlows);
  options.counters.gauge('fermata_flows_to_write', () => pending.size + unwritten.size);
  options.counters.gauge('fermata_spans_in_memory', () => graph.size);
  options.counters.gauge('fermata_departed_names', () => evictedIndex.size);
  options.counters.gauge('fermata_worthless_names', () => graph.worthless);
  options.counters.gauge('fermata_resolutions_abandoned', () => assembler.abandoned);
  return self;
}

function unattributedChange(span: Span, causes: KnownCause[], version: number, graph: Graph): FlowChange {
  const { key, receivedAtMs } = span;
  const tokens = rowTokens([span], [span]);
  return {
    id: UNATTRIBUTED + key,
    version,
    flow: null,
    movedTo: null,
    unattributed: { key, receivedAtMs, causes, tokens: [...tokens, ...worthlessIn(tokens, graph)] },
  };
}

/** So that a restart knows them. Those that somebody asked for, identity keys and conversations, are said to the reader. */
function markWorthless(flow: Flow, graph: Graph): Flow {
  const worthless = worthlessIn(flow.tokens, graph);
  if (worthless.length === 0) return flow;
  const isConflict = worthless.some((mark) => isSoftToken(mark.slice(WORTHLESS.length)));
  const badges: Set<Badge> = new Set(flow.badges);
  if (isConflict) badges.add('id-conflict');
  return { ...flow, tokens: [...flow.tokens, ...worthless], badges: [...badges].sort() };
}
function worthlessIn(tokens: readonly string[], graph: Graph): string[] {
  if (graph.worthless === 0) return [];
  return tokens
    .flatMap((token) =>
      token.startsWith(REFERRER) ? [token, POLLED + token.slice(REFERRER.length)] : [nameIn(token)],
    )
    .flatMap((name) => (graph.identifies(name) ? [] : [WORTHLESS + name]));
}
const nameIn = (token: string): string => (token.startsWith(TAKEN) ? token.slice(TAKEN.length) : token);
