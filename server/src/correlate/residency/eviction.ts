import type { FlowKey } from '../../model/keys.ts';
import type { Clock } from '../../base/clock.ts';
import type { KnownCause } from '../../model/flow.ts';
import type { Assembler, FlowState } from '../membership/index.ts';
import type { EvictedIndex } from './evicted-index.ts';
import { causesOf } from '../graph/causes.ts';
import { neighboursOf, type Node } from '../graph/index.ts';
import { isBatchConsumer } from '../../model/roles.ts';
import { closureOf, type Closure } from './dependency-closure.ts';

/**
 * Idle flows are evicted from memory, each with its dependency closure, those first that were idle
 * the longest: a few at a time, for all at once, after a pause, would stop everything else.
 */
export interface Eviction {
  /** The store has all that there is to say about the flow with this key. */
  markIdle(key: FlowKey): void;
  /** It changed since, or it is gone. */
  markActive(key: FlowKey): void;
  /**
   * Evicts at most so many idle flows, each with its closure. Gives the keys of all flows that are
   * gone.
   */
  evictIdle(most: number): ReadonlySet<FlowKey>;
  readonly idleFlows: number;
}

export interface EvictionOptions {
  clock: Clock;
  assembler: Assembler;
  evictedIndex: EvictedIndex;
  /** A flow is evicted after it was idle for so long, ms. */
  idleBeforeEvictionMs: number;
}

/**
 * Larger closures are evicted one flow at a time; a late span may then miss the rest of its
 * closure.
 */
const MAX_IN_CLOSURE = 5000;
/**
 * Above this, flows that are idle the longest are evicted, if only for a moment: memory stays
 * bounded under any load.
 */
const MAX_SPANS_IN_MEMORY = 100_000;
const CROWDED_QUIET_MS = 3000;
/**
 * Spans that are walked through in one go to see whether flows can be evicted: they may hang
 * together with thousands.
 */
const MAX_VISITED = 20_000;

export const knownCauses = (node: Node, { graph }: Pick<Assembler, 'graph'>): KnownCause[] =>
  causesOf(node, graph).map(({ key, kinds }) => ({ key, kinds }));

export function createEviction(options: EvictionOptions): Eviction {
  const { clock, assembler, evictedIndex } = options;
  const { graph } = assembler;
  /** Keys of flows, in the order in which they were written. */
  const idle = new Set<FlowKey>();
  let sweptAtMs = clock.now();

  /** Nothing of it was received since, and the store has all that there is to say about it. */
  const isDone = ({ key, lastReceivedMs }: FlowState, before: number): boolean =>
    lastReceivedMs <= before && idle.has(key);
  const mayBeEvicted = (nodes: ReadonlySet<Node>, before: number): boolean => {
    for (const node of nodes)
      if (node.flowKey === '') {
        if (node.persistedAsUnattributed === null || node.span.receivedAtMs > before) return false;
      } else if (!isDone(assembler.flow(node.flowKey)!, before)) return false;
    return true;
  };

  /** The flow alone is evicted where everything depends on everything. */
  const alone = (state: FlowState): Omit<Closure, 'isComplete'> => {
    const border = new Set<Node>();
    for (const node of state.nodes)
      for (const next of neighboursOf(node, graph))
        if (next.flowKey === '' && isBatchConsumer(next.span)) border.add(next);
    return { nodes: new Set(state.nodes), border };
  };

  const evict = ({ nodes, border }: Omit<Closure, 'isComplete'>, gone: Set<FlowKey>): void => {
    const keys = new Set<FlowKey>();
    for (const node of nodes) {
      evictedIndex.add(node);
      if (node.flowKey !== '') keys.add(node.flowKey);
    }
    const causes = new Map([...border].map((node) => [node, knownCauses(node, assembler)]));
    assembler.evict(nodes);
    for (const node of border) {
      const family = node.tree?.nodes ?? [node];
      const needed = family.some((member) =>
        [...neighboursOf(member, graph)].some((next) => next.flowKey !== ''),
      );
      if (needed || family.some((member) => member.persistedAsUnattributed === null)) {
        if (node.placeholder === null) assembler.makePlaceholder(node, causes.get(node)!);
        continue;
      }
      family.forEach((member) => evictedIndex.add(member));
      assembler.evict(family);
    }
    for (const key of keys) {
      idle.delete(key);
      gone.add(key);
    }
  };

  const evictIdle = (most: number): ReadonlySet<FlowKey> => {
    const gone = new Set<FlowKey>();
    const isCrowded = (): boolean => graph.size > MAX_SPANS_IN_MEMORY;
    const before = (): number =>
      clock.now() - (isCrowded() ? CROWDED_QUIET_MS : options.idleBeforeEvictionMs);
    let left = most;
    let visits = MAX_VISITED;
    /** Flows that hang together with too many: found once for all of them. */
    const tied = new Set<FlowKey>();
    /**
     * Flows that hang together with one that has to stay: asked once, and then after all others.
     */
    const staying = new Set<FlowKey>();
    for (const key of idle) {
      const state = assembler.flow(key);
      if (!state) {
        idle.delete(key);
        continue;
      }
      if (state.lastReceivedMs > before() || left === 0 || visits-- <= 0) break;
      // Asked first: what hangs together with it is a walk through all of its spans.
      if (staying.has(key) || !isDone(state, before())) continue;
      const all = tied.has(key) ? null : closureOf(state.nodes, assembler, MAX_IN_CLOSURE);
      visits -= all?.nodes.size ?? 0;
      if (all?.isComplete === true) {
        if (!mayBeEvicted(all.nodes, before())) {
          keysOf(all.nodes, staying);
          continue;
        }
        evict(all, gone);
      } else {
        if (all !== null) keysOf(all.nodes, tied);
        evict(alone(state), gone);
      }
      left--;
    }
    for (const key of staying) if (idle.delete(key)) idle.add(key);
    sweep(before(), gone);
    return gone;
  };

  /** Spans that belong to no flow, and have none around them, leave by themselves. */
  const sweep = (before: number, gone: Set<FlowKey>): void => {
    if (clock.now() - sweptAtMs < options.idleBeforeEvictionMs) return;
    sweptAtMs = clock.now();
    /**
     * Hang together with what has to stay, or with too many: one walk speaks for all that it met.
     */
    const staying = new Set<Node>();
    for (const node of [...graph.nodes()]) {
      if (
        node.flowKey !== '' ||
        node.persistedAsUnattributed === null ||
        node.span.receivedAtMs > before
      )
        continue;
      if (staying.has(node) || graph.get(node.span.key) !== node) continue;
      const around = [...neighboursOf(node, graph)];
      if (around.some((next) => next.flowKey !== '')) continue;
      const all = isBatchConsumer(node.span)
        ? { nodes: new Set([node]), border: new Set<Node>(), isComplete: true }
        : closureOf([node], assembler, MAX_IN_CLOSURE);
      const isNobodys = [...all.nodes].every((member) => member.flowKey === '');
      if (all.isComplete && isNobodys && mayBeEvicted(all.nodes, before)) evict(all, gone);
      else for (const member of all.nodes) staying.add(member);
    }
  };

  return {
    markIdle(key) {
      idle.delete(key);
      idle.add(key);
    },
    markActive: (key) => void idle.delete(key),
    evictIdle,
    get idleFlows() {
      return idle.size;
    },
  };
}

const keysOf = (nodes: ReadonlySet<Node>, into: Set<FlowKey>): void => {
  for (const { flowKey } of nodes) if (flowKey !== '') into.add(flowKey);
};
