import type { FlowKey } from '../../model/keys.ts';
import type { Clock } from '../../base/clock.ts';
import type { KnownCause } from '../../model/flow.ts';
import type { Assembler, FlowState } from '../membership/index.ts';
import type { EvictedIndex } from './evicted-index.ts';
import { causesOf } from '../graph/causes.ts';
import { forEachNeighbour, type Graph, type Node } from '../graph/index.ts';
import { isBatchConsumer } from '../../model/roles.ts';
import { closureOf, type Closure } from './dependency-closure.ts';

/**
 * Eviction removes idle flows from memory, each with its dependency closure, longest idle first. It
 * evicts only a few flows at a time, because evicting all idle flows together would block
 * everything else.
 */
export interface Eviction {
  /** Marks the flow as complete in the store, so that it may be evicted once it is idle. */
  markIdle(key: FlowKey): void;
  /** Withdraws `markIdle`, because the flow changed or no longer exists. */
  markActive(key: FlowKey): void;
  /**
   * Evicts at most `most` idle flows, each with its dependency closure. Returns the keys of all
   * evicted flows.
   */
  evictIdle(most: number): ReadonlySet<FlowKey>;
  readonly idleFlows: number;
}

export interface EvictionOptions {
  clock: Clock;
  assembler: Assembler;
  evictedIndex: EvictedIndex;
  /** Idle time, ms, after which a flow is evicted. */
  idleBeforeEvictionMs: number;
}

/**
 * Maximum number of spans in a dependency closure. Flows of a larger closure are evicted one at a
 * time. A late span may then be correlated without the rest of the closure.
 */
const MAX_IN_CLOSURE = 5000;
/**
 * Above this number of spans in memory, flows are evicted after a shorter idle time
 * (`CROWDED_QUIET_MS`), longest idle first, so that memory stays bounded under any load.
 */
const MAX_SPANS_IN_MEMORY = 100_000;
const CROWDED_QUIET_MS = 3000;
/**
 * Maximum number of spans visited in one call to decide what to evict, because a single flow may
 * depend on thousands of spans.
 */
const MAX_VISITED = 20_000;

export const knownCauses = (node: Node, { graph }: Pick<Assembler, 'graph'>): KnownCause[] =>
  causesOf(node, graph).map(({ key, kinds }) => ({ key, kinds }));

export function createEviction(options: EvictionOptions): Eviction {
  const { clock, assembler, evictedIndex } = options;
  const { graph } = assembler;
  /** Keys of idle flows, in the order in which the flows were written to the store. */
  const idle = new Set<FlowKey>();
  let sweptAtMs = clock.now();

  /**
   * Returns whether the store has all of the flow, and nothing arrived since `before`, epoch ms.
   */
  const isDone = ({ key, lastReceivedMs }: FlowState, before: number): boolean =>
    lastReceivedMs <= before && idle.has(key);
  const mayBeEvicted = (nodes: ReadonlySet<Node>, before: number): boolean => {
    for (const node of nodes)
      if (node.flowKey === '') {
        if (node.persistedAsUnattributed === null || node.span.receivedAtMs > before) return false;
      } else if (!isDone(assembler.flow(node.flowKey)!, before)) return false;
    return true;
  };

  /** Returns the spans of the flow, without its closure, and the shared batches around them. */
  const alone = (state: FlowState): Omit<Closure, 'isComplete'> => {
    const border = new Set<Node>();
    const meet = (next: Node): void => {
      if (next.flowKey === '' && isBatchConsumer(next.span)) border.add(next);
    };
    for (const node of state.nodes) forEachNeighbour(node, graph, meet);
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
      const needed = family.some((member) => isBesideFlow(member, graph));
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
    /** Keys of flows whose closure is too large, kept so that each closure is walked only once. */
    const tied = new Set<FlowKey>();
    /** Keys of flows that stay because another flow of their closure does; they are tried last. */
    const staying = new Set<FlowKey>();
    for (const key of idle) {
      const state = assembler.flow(key);
      if (!state) {
        idle.delete(key);
        continue;
      }
      if (state.lastReceivedMs > before() || left === 0 || visits-- <= 0) break;
      // This check comes first, because finding the closure takes a walk through all its spans.
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

  /** Evicts unattributed spans that have no neighbour in a flow. */
  const sweep = (before: number, gone: Set<FlowKey>): void => {
    if (clock.now() - sweptAtMs < options.idleBeforeEvictionMs) return;
    sweptAtMs = clock.now();
    /**
     * Spans whose closure is too large or has to stay. One traversal of a closure settles this for
     * all its spans.
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
      if (isBesideFlow(node, graph)) continue;
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

/** Returns whether a parent or link connects the node to a node of a flow. */
function isBesideFlow(node: Node, graph: Graph): boolean {
  let isBeside = false;
  forEachNeighbour(node, graph, (next) => (isBeside ||= next.flowKey !== ''));
  return isBeside;
}
