import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { Flow, FlowChange, KnownCause } from '../model/flow.ts';
import { spanIdOf, traceIdOf, type Span, type SpanKey } from '../model/span.ts';
import { createAssembler, type FlowState } from './assembler.ts';
import { createDeparted } from './departed.ts';
import { causesOf } from './evidence.ts';
import { inputOf } from './flow-input.ts';
import {
  isBatchConsumer,
  mayNameFlow,
  neighboursOf,
  ORIGIN,
  REFERRER,
  sharedTokens,
  SPAN,
  TOKEN,
  TRACE,
  type Node,
} from './graph.ts';
import { causalShifts, splitRuns } from './runs.ts';
import { flowIdOf, rowTokens, toTimeline } from './timeline.ts';
import { togetherWith, type Together } from './together.ts';

/**
 * Spans → flows. Holds the flows that move; settled ones leave memory and come back when a late span names them.
 * The caller commits spans first, then calls: `missing` → `load` what it names, until nothing is missing → `add`; and
 * now and then `takeChanges` → write → `written`.
 */
export interface Correlator {
  /**
   * Names of flows that are only in the store and that these spans touch, or the spans that `load` brought back with
   * them. Load those, and ask again, before `add`.
   */
  missing(spans: readonly Span[], loaded: readonly Span[]): string[];
  /**
   * Brings flows back from the store. `names` were asked for; whatever was not found is not asked for again. Returns the
   * spans whose surroundings have to be there too.
   */
  load(names: readonly string[], flows: readonly StoredFlowSpans[]): Span[];
  add(spans: readonly Span[]): void;
  /**
   * Changed flows with their timelines; graves of names that are gone; spans in no flow. At most `limit` flows, those
   * that wait longest first: drawing many at once would stop everything else.
   */
  takeChanges(limit?: number): Changes;
  /** The changes are durable: what is quiet may leave memory. */
  written(changes: readonly FlowChange[]): void;
  /** Names of flows that departed before this process started. */
  remember(names: Iterable<string>): void;
  /**
   * An open flow that is not in memory; when it settles and when it has to be judged again, ms; null where it does not by
   * itself.
   */
  remainsOpen(flowId: string, settlesAtMs: number | null, lookAtMs: number | null): void;
  /** Draw and judge these again, although nothing arrived. */
  lookAgain(flowIds: Iterable<string>): void;
  readonly openFlows: number;
  /** Changed, not drawn since. */
  readonly flowsToDraw: number;
  readonly spansInMemory: number;
  stop(): void;
}

export interface Changes {
  list: FlowChange[];
  /** Whatever had changed when this round began has been given by now. */
  roundEnds: boolean;
}

export interface StoredFlowSpans {
  id: string;
  version: number;
  members: Span[];
  /** Of an unowned span. */
  causes: KnownCause[];
}

export interface CorrelatorOptions {
  clock: Clock;
  counters: Counters;
  /** Quiet time after which an undeclared flow counts as ended, ms. */
  settleMs: number;
  /** Quiet time after which a flow leaves memory, ms. */
  unloadMs: number;
  /** Flows that were open count as ended now. */
  onSettled(flowIds: string[]): void;
  /** Health, what is awaited and what is wrong, at `now`: part of every drawing. */
  judge(flow: Flow): Flow;
  /** Flows that are not in memory and have to be judged again: load them, then `add`. */
  onAway(flowIds: string[]): void;
  /** Something changed: `takeChanges` has work. */
  onDirty(): void;
}

/** What was last written about a flow key. */
interface Shown {
  ids: readonly string[];
  /** A member span: where it lives now is where the flow went. */
  sample: string;
  computedAtMs: number;
}

/** Large flows are drawn less often: at most this share of the time goes into one of them. */
const DRAW_MS_PER_SPAN = 0.05;
const MOST_CHECKED = 200_000;
/** More spans than these that decide together leave one flow at a time; a late span may then miss the rest of them. */
const MOST_TOGETHER = 5000;
/** Above this, those that are quiet the longest leave, if only for a moment: memory stays bounded under any load. */
const MOST_SPANS_IN_MEMORY = 100_000;
const CROWDED_QUIET_MS = 3000;
/** Flows that leave in one go, beside two for each that was written: after a pause all at once would stop everything. */
const MOST_LEAVING = 60;
/** Of so many times as many flows as may leave it is asked whether they can. */
const LOOKED_AT = 4;

export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { clock } = options;
  const departed = createDeparted();
  const checked = new Set<string>();
  const assembler = createAssembler();
  const shown = new Map<string, Shown>();
  const keyOfId = new Map<string, string>();
  const pending = new Set<string>();
  /** What was pending when this round of drawing began, last first. */
  let round: string[] = [];
  /** Flow keys in the order in which they last received a span. */
  const quiet = new Map<string, number>();
  const unwritten = new Map<string, number>();
  /** Loaded, not yet resolved: under which key they are shown is known after that. */
  const brought: { id: string; sample: SpanKey }[] = [];
  let lastVersion = 0;
  let openFlows = 0;
  const open = new Set<string>();

  const deadlines = createDeadlines(clock, (ids) => {
    for (const id of ids) open.delete(id);
    openFlows = open.size;
    options.onSettled(ids);
  });

  const lookAgain = (ids: Iterable<string>): void => {
    const away: string[] = [];
    for (const id of ids) {
      const key = keyOfId.get(id);
      if (key !== undefined && assembler.flow(key)) pending.add(key);
      else away.push(id);
    }
    if (away.length > 0) options.onAway(away);
    if (pending.size > 0) options.onDirty();
  };
  const looks = createDeadlines(clock, lookAgain);

  /** Even: the odd one after it is the same row, seen once the flow has settled. */
  const nextVersion = (): number => {
    lastVersion = Math.max(lastVersion + 2, clock.now() * 1000);
    return lastVersion;
  };

  const uncheck = (prefix: string, text: string): void => {
    if (checked.size > 0) checked.delete(prefix + text);
  };
  const departAs = (prefix: string, text: string): void => {
    departed.add(prefix, text);
    uncheck(prefix, text);
  };
  /** Remembers under which names a span that leaves memory is found again (`rowTokens`, and its trace). */
  const depart = (node: Node): void => {
    const { span } = node;
    uncheck(SPAN, span.key);
    for (const token of sharedTokens(span)) departAs(TOKEN, token);
    for (const link of span.links) {
      departAs(REFERRER, link);
      uncheck(SPAN, link);
    }
    if (node.parent !== null && node.parent.flowKey === node.flowKey && node.flowKey !== '') return;
    departed.add(TRACE, span.traceId);
    const { parent } = span;
    if (parent !== '') {
      departAs(REFERRER, parent);
      uncheck(SPAN, parent);
    }
    if (node.cycle || mayNameFlow(span)) departAs(ORIGIN, span.traceId);
  };

  const collectDirty = (): void => {
    for (const key of assembler.takeDirty()) {
      pending.add(key);
      const state = assembler.flow(key);
      quiet.delete(key);
      if (state) quiet.set(key, state.lastReceivedMs);
    }
  };

  /** The timelines of one flow key, one per run, and graves for what it was shown as before. */
  const draw = (key: string, state: FlowState, changes: FlowChange[]): void => {
    const now = clock.now();
    const input = inputOf(state, assembler.graph);
    const shifts = causalShifts(input);
    const runs = splitRuns(input, shifts);
    let ids: readonly string[] = [];
    let previous: Flow | null = null;
    runs.forEach((run, i) => {
      const flow = options.judge(toTimeline(run, shifts, i + 1));
      if (previous)
        flow.relations.push({ flowId: previous.id, kind: 'previous-run', viaSpanId: '', target: '' });
      previous = flow;
      ids = i === 0 ? [flow.id] : [...ids, flow.id];
      keyOfId.set(flow.id, key);
      if (flow.lookAtMs === null) looks.clear(flow.id);
      else looks.set(flow.id, flow.lookAtMs);
      const settlesAt = flow.lastReceivedMs + options.settleMs;
      if (flow.phase === 'ended' || (flow.settlesAs !== null && settlesAt <= now)) {
        open.delete(flow.id);
        deadlines.clear(flow.id);
      } else {
        open.add(flow.id);
        if (flow.settlesAs === null) deadlines.clear(flow.id);
        else deadlines.set(flow.id, settlesAt);
      }
      changes.push({ id: flow.id, version: nextVersion(), flow, movedTo: null });
    });
    for (const id of shown.get(key)?.ids ?? []) if (!ids.includes(id)) bury(id, ids[0]!, changes);
    const [first] = state.nodes;
    shown.set(key, { ids, sample: first!.span.key, computedAtMs: now });
  };

  const bury = (id: string, movedTo: string | null, changes: FlowChange[]): void => {
    open.delete(id);
    deadlines.clear(id);
    looks.clear(id);
    keyOfId.delete(id);
    changes.push({ id, version: nextVersion(), flow: null, movedTo });
  };

  const knownCauses = (node: Node): KnownCause[] =>
    causesOf(node, assembler.graph).map(({ key, kinds }) => ({ key, kinds }));

  /** Nothing of it was received since, and the store has all that there is to say about it. */
  const mayLeave = ({ nodes }: Together, before: number): boolean => {
    for (const node of nodes) {
      if (node.flowKey === '') {
        if (node.listed === null || node.span.receivedAtMs > before) return false;
        continue;
      }
      const state = assembler.flow(node.flowKey)!;
      if (state.lastReceivedMs > before || pending.has(state.key)) return false;
      const last = shown.get(state.key);
      if (last === undefined || last.ids.some((id) => unwritten.has(id))) return false;
    }
    return true;
  };

  /** What leaves memory with this flow; just the flow where everything hangs together with everything. */
  const leavingWith = (state: FlowState): Together => {
    const all = togetherWith(state.nodes, assembler, MOST_TOGETHER);
    if (all !== null) return all;
    const border = new Set<Node>();
    for (const node of state.nodes)
      for (const next of neighboursOf(node, assembler.graph))
        if (next.flowKey === '' && isBatchConsumer(next.span)) border.add(next);
    return { nodes: new Set(state.nodes), border };
  };

  const unload = ({ nodes, border }: Together): void => {
    const keys = new Set<string>();
    for (const node of nodes) {
      depart(node);
      if (node.flowKey !== '') keys.add(node.flowKey);
    }
    const causes = new Map([...border].map((node) => [node, knownCauses(node)]));
    assembler.unload(nodes);
    for (const node of border) {
      const family = node.tree?.nodes ?? [node];
      const needed = family.some((member) =>
        [...neighboursOf(member, assembler.graph)].some((next) => next.flowKey !== ''),
      );
      if (needed || family.some((member) => member.listed === null)) {
        node.stub ??= causes.get(node)!;
        continue;
      }
      family.forEach(depart);
      assembler.unload(family);
    }
    for (const key of keys) {
      for (const id of shown.get(key)?.ids ?? []) keyOfId.delete(id);
      shown.delete(key);
      quiet.delete(key);
    }
  };

  /** Spans that belong to no flow, and have none around them, leave by themselves. */
  let sweptAtMs = clock.now();
  const sweep = (before: number): void => {
    if (clock.now() - sweptAtMs < options.unloadMs) return;
    sweptAtMs = clock.now();
    for (const node of [...assembler.graph.nodes()]) {
      if (node.flowKey !== '' || node.listed === null || node.span.receivedAtMs > before) continue;
      if (assembler.graph.get(node.span.key) !== node) continue;
      const around = [...neighboursOf(node, assembler.graph)];
      if (around.some((next) => next.flowKey !== '')) continue;
      const all = isBatchConsumer(node.span)
        ? { nodes: new Set([node]), border: new Set<Node>() }
        : togetherWith([node], assembler, MOST_TOGETHER);
      if (all && [...all.nodes].every((member) => member.flowKey === '') && mayLeave(all, before))
        unload(all);
    }
  };

  const self: Correlator = {
    missing(spans, loaded) {
      if (departed.size === 0) return [];
      const { graph } = assembler;
      const names = new Set<string>();
      const ask = (prefix: string, text: string): boolean => {
        if (!departed.has(prefix, text) || checked.has(prefix + text)) return false;
        names.add(prefix + text);
        return true;
      };
      /** Spans of one trace often come together. */
      let trace = '';
      let traceDeparted = false;
      const askSpan = (key: SpanKey, traceId: string): boolean => {
        if (traceId !== trace) traceDeparted = departed.has(TRACE, (trace = traceId));
        if (!traceDeparted || checked.has(SPAN + key)) return false;
        names.add(SPAN + key);
        return true;
      };
      const surroundings = (span: Span): void => {
        const parent = span.parent;
        const hasParent = graph.get(parent) !== undefined;
        if (!hasParent && (parent === '' || !askSpan(parent, span.traceId))) {
          if (parent !== '') ask(REFERRER, parent);
          if (mayNameFlow(span) || parent === span.key) ask(ORIGIN, span.traceId);
        } else if (graph.get(span.key)?.cycle || graph.waitingFor(span.key).length > 0)
          ask(ORIGIN, span.traceId); // A ring is cut somewhere.
        for (const link of span.links) if (!graph.get(link)) askSpan(link, traceIdOf(link));
        ask(REFERRER, span.key);
        for (const token of sharedTokens(span)) ask(TOKEN, token);
      };
      for (const span of spans) {
        if (!graph.get(span.key)) askSpan(span.key, span.traceId);
        surroundings(span);
        for (const stub of assembler.stubsAround(span)) surroundings(stub.span);
      }
      for (const span of loaded) surroundings(span);
      return [...names];
    },
    load(names, flows) {
      if (checked.size > MOST_CHECKED) checked.clear();
      for (const name of names) checked.add(name);
      const whole: Span[] = [];
      for (const flow of flows) {
        lastVersion = Math.max(lastVersion, flow.version);
        const isFlow = !isUnowned(flow.id);
        if (isFlow && flow.members[0]) brought.push({ id: flow.id, sample: flow.members[0].key });
        for (const span of flow.members) {
          const known = assembler.graph.get(span.key);
          const stub = !isFlow && isBatchConsumer(span) ? flow.causes : null;
          assembler.load(span, stub);
          if (stub === null && (known === undefined || known.stub !== null)) whole.push(span);
        }
      }
      return whole;
    },
    add(spans) {
      assembler.add([]);
      for (const { id, sample } of brought.splice(0)) {
        const key = assembler.graph.get(sample)?.flowKey;
        if (!key) continue;
        keyOfId.set(id, key);
        const known = shown.get(key);
        if (known) known.ids = [...new Set([...known.ids, id])];
        else shown.set(key, { ids: [id], sample, computedAtMs: 0 });
      }
      assembler.add(spans);
      collectDirty();
      if (pending.size > 0) options.onDirty();
    },
    takeChanges(limit = Infinity) {
      collectDirty();
      const changes: FlowChange[] = [];
      const now = clock.now();
      let deferred = false;
      if (round.length === 0) round = [...pending].reverse();
      while (round.length > 0 && changes.length < limit) {
        const key = round.pop()!;
        if (!pending.has(key)) continue;
        const state = assembler.flow(key);
        const last = shown.get(key);
        if (
          state &&
          last &&
          state.nodes.size > 1000 &&
          now - last.computedAtMs < state.nodes.size * DRAW_MS_PER_SPAN
        ) {
          deferred = true;
          continue;
        }
        pending.delete(key);
        if (state) draw(key, state, changes);
        else {
          // The key is gone: its spans live under another name now.
          const home = last && assembler.graph.get(last.sample);
          const to = home?.flowKey ? flowIdOf(home.flowKey, 1) : null;
          for (const id of last?.ids ?? []) bury(id, to, changes);
          shown.delete(key);
          quiet.delete(key);
        }
      }
      // A name that was buried and drawn in one go (a rename back) is drawn.
      const drawn = new Set(changes.flatMap((change) => (change.flow ? [change.id] : [])));
      const result = changes.filter((change) => change.flow !== null || !drawn.has(change.id));
      for (const change of result) unwritten.set(change.id, change.version);
      for (const node of assembler.takeUnowned()) {
        const causes = isBatchConsumer(node.span) ? knownCauses(node) : [];
        const listed = JSON.stringify(causes);
        if (listed === node.listed) continue;
        node.listed = listed;
        result.push(unownedChange(node.span, causes, nextVersion()));
      }
      if (deferred) options.onDirty();
      openFlows = open.size;
      return { list: result, roundEnds: round.length === 0 };
    },
    written(changes) {
      for (const change of changes)
        if (unwritten.get(change.id) === change.version) unwritten.delete(change.id);
      const crowded = (): boolean => assembler.graph.size > MOST_SPANS_IN_MEMORY;
      const before = (): number => clock.now() - (crowded() ? CROWDED_QUIET_MS : options.unloadMs);
      let left = MOST_LEAVING + 2 * changes.length;
      // Those that are not drawn yet stay; a backlog of them must not be gone through again and again.
      let looks = LOOKED_AT * left;
      for (const [key, lastReceived] of quiet) {
        if (lastReceived > before() || left === 0 || looks-- === 0) break;
        if (pending.has(key)) continue;
        const state = assembler.flow(key);
        if (!state) {
          quiet.delete(key);
          continue;
        }
        const leaving = leavingWith(state);
        if (!mayLeave(leaving, before())) continue;
        unload(leaving);
        left--;
      }
      sweep(before());
      if (pending.size > 0) options.onDirty();
    },
    remember(names) {
      for (const name of names) departed.add(TOKEN, name);
    },
    lookAgain,
    remainsOpen(flowId, settlesAtMs, lookAtMs) {
      open.add(flowId);
      openFlows = open.size;
      if (settlesAtMs !== null) deadlines.set(flowId, settlesAtMs);
      if (lookAtMs !== null) looks.set(flowId, lookAtMs);
    },
    get flowsToDraw() {
      return pending.size;
    },
    get openFlows() {
      return openFlows;
    },
    get spansInMemory() {
      return assembler.graph.size;
    },
    stop() {
      deadlines.stop();
      looks.stop();
    },
  };
  options.counters.gauge('fermata_open_flows', () => openFlows);
  options.counters.gauge('fermata_flows_to_write', () => pending.size + unwritten.size);
  options.counters.gauge('fermata_spans_in_memory', () => assembler.graph.size);
  options.counters.gauge('fermata_resolutions_abandoned', () => assembler.abandoned);
  return self;
}

/** A row that no list shows: under which names to find a span that belongs to no flow. Never changes. */
const UNOWNED = '~';
const isUnowned = (id: string): boolean => id.startsWith(UNOWNED);
function unownedChange(span: Span, causes: KnownCause[], version: number): FlowChange {
  const { key, traceId, receivedAtMs } = span;
  return {
    id: UNOWNED + key,
    version,
    flow: null,
    movedTo: null,
    unowned: { traceId, spanId: spanIdOf(key), receivedAtMs, causes, tokens: rowTokens([span], [span]) },
  };
}
