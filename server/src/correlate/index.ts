import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { Flow, FlowChange } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { createAssembler, type FlowState } from './assembler.ts';
import { createDeparted } from './departed.ts';
import { headOf } from './evidence.ts';
import { inputOf } from './flow-input.ts';
import {
  idToken,
  messageTokens,
  neighboursOf,
  referrerName,
  traceName,
  weakTokens,
  type Node,
} from './graph.ts';
import { causalShifts, splitRuns } from './runs.ts';
import { flowIdOf, toTimeline } from './timeline.ts';

/**
 * Spans → flows. Holds the flows that move; settled ones leave memory and come back when a late span names them.
 * The caller commits spans first, then calls: `missing` → load what it names → `add`; and now and then `takeChanges`
 * → write → `written`.
 */
export interface Correlator {
  /** Names of flows that are only in the store and that these spans touch. Load them before `add`. */
  missing(spans: readonly Span[]): string[];
  /** Brings flows back from the store. `names` were asked for; whatever was not found is not asked for again. */
  load(names: readonly string[], flows: readonly StoredFlowSpans[]): void;
  add(spans: readonly Span[]): void;
  /** Every flow changed since the last call, with its timeline, and the graves of names that are gone. */
  takeChanges(): FlowChange[];
  /** The changes are durable: what is quiet may leave memory. */
  written(changes: readonly FlowChange[]): void;
  /** Names of flows that departed before this process started. */
  remember(names: Iterable<string>): void;
  /** An open flow that is not in memory settles at this time, ms. */
  settleLater(flowId: string, atMs: number): void;
  readonly openFlows: number;
  readonly spansInMemory: number;
  stop(): void;
}

export interface StoredFlowSpans {
  id: string;
  version: number;
  members: Span[];
  context: Span[];
}

export interface CorrelatorOptions {
  clock: Clock;
  counters: Counters;
  /** Quiet time after which an undeclared flow counts as ended, ms. */
  settleMs: number;
  /** Quiet time after which a flow leaves memory, ms. */
  unloadMs: number;
  /** Open flows that came due while out of memory: load them, then call `takeChanges`. */
  onDue(flowIds: string[]): void;
  /** Something changed: `takeChanges` has work. */
  onDirty(): void;
}

/** What was last written about a flow key. */
interface Shown {
  ids: string[];
  /** A member span: where it lives now is where the flow went. */
  sample: string;
  computedAtMs: number;
}

/** Large flows are drawn less often: at most this share of the time goes into one of them. */
const DRAW_MS_PER_SPAN = 0.05;
const MOST_CHECKED = 200_000;
/** Above this, flows settle and leave once they were quiet for a moment: memory stays bounded under any load. */
const MOST_SPANS_IN_MEMORY = 400_000;
const CROWDED_QUIET_MS = 3000;

export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { clock } = options;
  const departed = createDeparted();
  const checked = new Set<string>();
  const assembler = createAssembler();
  const shown = new Map<string, Shown>();
  const keyOfId = new Map<string, string>();
  const pending = new Set<string>();
  /** Flow keys in the order in which they last received a span. */
  const quiet = new Map<string, number>();
  const unwritten = new Map<string, number>();
  /** Flows that settle early because memory is crowded. */
  const hurried = new Set<string>();
  let lastVersion = 0;
  let openFlows = 0;
  const open = new Set<string>();

  const deadlines = createDeadlines(clock, (ids) => {
    const away: string[] = [];
    for (const id of ids) {
      const key = keyOfId.get(id);
      if (key !== undefined && assembler.flow(key)) pending.add(key);
      else away.push(id);
    }
    if (away.length > 0) options.onDue(away);
    if (pending.size > 0) options.onDirty();
  });

  const nextVersion = (): number => {
    lastVersion = Math.max(lastVersion + 1, clock.now() * 1000);
    return lastVersion;
  };

  const namesOf = (span: Span): string[] => {
    const names = [
      traceName(span.traceId),
      referrerName(span.traceId),
      ...messageTokens(span),
      ...weakTokens(span),
    ];
    const id = idToken(span);
    if (id !== '') names.push(id);
    for (const link of span.links) names.push(traceName(link.traceId));
    return names;
  };

  /** Spans in memory that will be resolved again because this one arrives: what they refer to must be here too. */
  const around = (span: Span): Span[] => {
    const { graph } = assembler;
    const found = graph.waitingFor(span.key).map((node) => node.span);
    const parent = span.parentId === '' ? undefined : graph.get(span.traceId + span.parentId);
    if (parent) found.push(parent.span);
    for (const link of span.links) {
      const target = graph.get(link.key);
      if (target) found.push(target.span);
    }
    return found;
  };

  const collectDirty = (): void => {
    for (const key of assembler.takeDirty()) {
      pending.add(key);
      const state = assembler.flow(key);
      quiet.delete(key);
      hurried.delete(key);
      if (state) quiet.set(key, state.lastReceivedMs);
    }
  };

  /** The timelines of one flow key, one per run, and graves for what it was shown as before. */
  const draw = (key: string, state: FlowState, changes: FlowChange[]): void => {
    const now = clock.now();
    const input = inputOf(state, assembler.graph);
    const shifts = causalShifts(input);
    const runs = splitRuns(input, shifts);
    const ids: string[] = [];
    let previous: Flow | null = null;
    runs.forEach((run, i) => {
      const lastReceived = run.segments.reduce(
        (latest, segment) => segment.spans.reduce((l, span) => Math.max(l, span.receivedAtMs), latest),
        0,
      );
      const settlesAt = lastReceived + options.settleMs;
      const flow = toTimeline(run, shifts, i + 1, now >= settlesAt || hurried.has(key));
      if (previous)
        flow.relations.push({ flowId: previous.id, kind: 'previous-run', viaSpanId: '', target: '' });
      previous = flow;
      ids.push(flow.id);
      keyOfId.set(flow.id, key);
      if (flow.phase === 'ended') {
        open.delete(flow.id);
        deadlines.clear(flow.id);
      } else {
        open.add(flow.id);
        if (now < settlesAt) deadlines.set(flow.id, settlesAt);
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
    keyOfId.delete(id);
    changes.push({ id, version: nextVersion(), flow: null, movedTo });
  };

  /** Flows that decide together (they share a token, or one consumes the other's messages) leave together. */
  const allQuiet = (state: FlowState, before: number): boolean => {
    const quietAt = (node: Node): boolean => {
      const other = node.flowKey === '' ? undefined : assembler.flow(node.flowKey);
      return other === undefined || other === state || other.lastReceivedMs <= before;
    };
    for (const node of state.nodes) {
      for (const other of neighboursOf(node, assembler.graph)) if (!quietAt(other)) return false;
      for (const token of [...weakTokens(node.span), idToken(node.span)])
        if (token !== '')
          for (const other of assembler.graph.sharing(token)) if (!quietAt(other)) return false;
    }
    return true;
  };

  /** Takes one quiet, written flow out of memory, with the shared spans that no other flow in memory shows. */
  const unload = (key: string, state: FlowState): void => {
    const members = [...state.nodes];
    const around = new Set<Node>();
    for (const node of members) {
      for (const next of neighboursOf(node, assembler.graph))
        if (next.flowKey === '') around.add(next.parent ? headOf(next) : next);
      for (const name of namesOf(node.span)) {
        departed.add(name);
        checked.delete(name);
      }
      for (const link of node.span.links) {
        departed.add(referrerName(link.traceId));
        checked.delete(referrerName(link.traceId));
      }
    }
    assembler.unload(members);
    for (const node of around) {
      const family = node.tree?.nodes ?? [node];
      if (
        family.some((member) =>
          [...neighboursOf(member, assembler.graph)].some((next) => next.flowKey !== ''),
        )
      )
        continue;
      for (const member of family)
        for (const name of namesOf(member.span)) {
          departed.add(name);
          checked.delete(name);
        }
      assembler.unload(family);
    }
    for (const id of shown.get(key)?.ids ?? []) keyOfId.delete(id);
    shown.delete(key);
    quiet.delete(key);
    hurried.delete(key);
  };

  /** Shared and unattributed spans belong to no flow that could take them along when it leaves. */
  let sweptAtMs = clock.now();
  const sweep = (before: number): void => {
    if (clock.now() - sweptAtMs < options.unloadMs) return;
    sweptAtMs = clock.now();
    const homeless: Node[] = [];
    for (const node of assembler.graph.nodes()) {
      if (node.flowKey !== '' || node.span.receivedAtMs > before) continue;
      if ([...neighboursOf(node, assembler.graph)].every((next) => next.flowKey === '')) homeless.push(node);
    }
    assembler.unload(homeless);
  };

  const self: Correlator = {
    missing(spans) {
      if (departed.size === 0) return [];
      const names = new Set<string>();
      const ask = (span: Span): void => {
        for (const name of namesOf(span)) if (!checked.has(name) && departed.has(name)) names.add(name);
      };
      for (const span of spans) {
        ask(span);
        for (const other of around(span)) ask(other);
      }
      return [...names];
    },
    load(names, flows) {
      if (checked.size > MOST_CHECKED) checked.clear();
      for (const name of names) checked.add(name);
      // All of them first: what they resolve to depends on each other (types are adopted, keys join).
      assembler.load(
        flows.flatMap((flow) => flow.members),
        flows.flatMap((flow) => flow.context),
      );
      for (const flow of flows) {
        lastVersion = Math.max(lastVersion, flow.version);
        const key = flow.members[0] && assembler.graph.get(flow.members[0].key)?.flowKey;
        if (!key) continue;
        keyOfId.set(flow.id, key);
        const known = shown.get(key);
        if (known) known.ids = [...new Set([...known.ids, flow.id])];
        else shown.set(key, { ids: [flow.id], sample: flow.members[0]!.key, computedAtMs: 0 });
      }
      collectDirty();
    },
    add(spans) {
      assembler.add(spans);
      collectDirty();
      if (pending.size > 0) options.onDirty();
    },
    takeChanges() {
      collectDirty();
      const changes: FlowChange[] = [];
      const now = clock.now();
      let deferred = false;
      for (const key of [...pending]) {
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
      if (deferred) options.onDirty();
      openFlows = open.size;
      return result;
    },
    written(changes) {
      for (const change of changes)
        if (unwritten.get(change.id) === change.version) unwritten.delete(change.id);
      const crowded = assembler.graph.size > MOST_SPANS_IN_MEMORY;
      const before = clock.now() - (crowded ? CROWDED_QUIET_MS : options.unloadMs);
      for (const [key, lastReceived] of quiet) {
        if (lastReceived > before) break;
        const state = assembler.flow(key);
        if (!state) {
          quiet.delete(key);
          continue;
        }
        if (crowded && !hurried.has(key) && shown.get(key)?.ids.some((id) => open.has(id))) {
          hurried.add(key);
          pending.add(key);
          continue;
        }
        if (!allQuiet(state, before)) continue;
        if (pending.has(key) || shown.get(key)?.ids.some((id) => unwritten.has(id)) || !shown.has(key))
          continue;
        unload(key, state);
      }
      sweep(before);
      if (pending.size > 0) options.onDirty();
    },
    remember(names) {
      for (const name of names) departed.add(name);
    },
    settleLater(flowId, atMs) {
      open.add(flowId);
      openFlows = open.size;
      deadlines.set(flowId, atMs);
    },
    get openFlows() {
      return openFlows;
    },
    get spansInMemory() {
      return assembler.graph.size;
    },
    stop: () => deadlines.stop(),
  };
  options.counters.gauge('fermata_open_flows', () => openFlows);
  options.counters.gauge('fermata_spans_in_memory', () => assembler.graph.size);
  options.counters.gauge('fermata_resolutions_abandoned', () => assembler.abandoned);
  return self;
}
