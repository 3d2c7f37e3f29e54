import type { Clock } from '../base/clock.ts';
import type { KnownCause } from '../model/flow.ts';
import type { Assembler, FlowState } from './assembler.ts';
import type { Away } from './away.ts';
import { causesOf } from './evidence.ts';
import { neighboursOf, type Node } from './graph.ts';
import { isBatchConsumer } from './roles.ts';
import { togetherWith, type Together } from './together.ts';

/**
 * What is quiet leaves memory, with all that decides together with it, those first that were quiet the longest: a few at
 * a time, for after a pause all at once would stop everything.
 */
export interface Leaving {
  /** The store has all that there is to say of these flows. */
  quiet(key: string): void;
  /** Something changed about it, or it is gone. */
  notQuiet(key: string): void;
  /** Lets some leave, the more the more was written. Later on, where nothing is written, some leave all the same. */
  some(written: number): void;
  stop(): void;
}

export interface LeavingOptions {
  clock: Clock;
  assembler: Assembler;
  away: Away;
  /** Quiet time after which a flow leaves, ms. */
  unloadMs: number;
  /** The store has all that there is to say about the flow with this key. */
  isWritten(key: string): boolean;
  /** The flow with this key is in memory no more. */
  onGone(key: string): void;
}

/** More spans than these that decide together leave one flow at a time; a late span may then miss the rest of them. */
const MOST_TOGETHER = 5000;
/** Above this, those that are quiet the longest leave, if only for a moment: memory stays bounded under any load. */
const MOST_SPANS_IN_MEMORY = 100_000;
const CROWDED_QUIET_MS = 3000;
/** Flows that leave in one go, beside two for each that was written. */
const MOST_LEAVING = 60;
/** The same where nothing was written for so long. */
const MOST_LEAVING_IDLE = 500;
const IDLE_MS = 2500;
/** Spans that are walked through in one go to see whether flows can leave: they may hang together with thousands. */
const MOST_VISITED = 20_000;

export const knownCauses = (node: Node, { graph }: Pick<Assembler, 'graph'>): KnownCause[] =>
  causesOf(node, graph).map(({ key, kinds }) => ({ key, kinds }));

export function createLeaving(options: LeavingOptions): Leaving {
  const { clock, assembler, away } = options;
  const { graph } = assembler;
  /** Keys of flows, in the order in which they were written. */
  const quiet = new Set<string>();
  let sweptAtMs = clock.now();
  let cancel: (() => void) | undefined;

  /** Nothing of it was received since, and the store has all that there is to say about it. */
  const isDone = ({ key, lastReceivedMs }: FlowState, before: number): boolean =>
    lastReceivedMs <= before && options.isWritten(key);
  const mayLeave = (nodes: ReadonlySet<Node>, before: number): boolean => {
    for (const node of nodes)
      if (node.flowKey === '') {
        if (node.persistedAsUnattributed === null || node.span.receivedAtMs > before) return false;
      } else if (!isDone(assembler.flow(node.flowKey)!, before)) return false;
    return true;
  };

  /** What leaves where everything hangs together with everything: just the flow. */
  const alone = (state: FlowState): Omit<Together, 'isAll'> => {
    const border = new Set<Node>();
    for (const node of state.nodes)
      for (const next of neighboursOf(node, graph))
        if (next.flowKey === '' && isBatchConsumer(next.span)) border.add(next);
    return { nodes: new Set(state.nodes), border };
  };

  const unload = ({ nodes, border }: Omit<Together, 'isAll'>): void => {
    const keys = new Set<string>();
    for (const node of nodes) {
      away.depart(node);
      if (node.flowKey !== '') keys.add(node.flowKey);
    }
    const causes = new Map([...border].map((node) => [node, knownCauses(node, assembler)]));
    assembler.unload(nodes);
    for (const node of border) {
      const family = node.tree?.nodes ?? [node];
      const needed = family.some((member) =>
        [...neighboursOf(member, graph)].some((next) => next.flowKey !== ''),
      );
      if (needed || family.some((member) => member.persistedAsUnattributed === null)) {
        if (node.placeholder === null) assembler.makePlaceholder(node, causes.get(node)!);
        continue;
      }
      family.forEach((member) => away.depart(member));
      assembler.unload(family);
    }
    for (const key of keys) {
      quiet.delete(key);
      options.onGone(key);
    }
  };

  const leave = (most: number): void => {
    const isCrowded = (): boolean => graph.size > MOST_SPANS_IN_MEMORY;
    const before = (): number => clock.now() - (isCrowded() ? CROWDED_QUIET_MS : options.unloadMs);
    let left = most;
    let visits = MOST_VISITED;
    /** Flows that hang together with too many: found once for all of them. */
    const tied = new Set<string>();
    /** Flows that hang together with one that has to stay: asked once, and then after all others. */
    const staying = new Set<string>();
    for (const key of quiet) {
      const state = assembler.flow(key);
      if (!state) {
        quiet.delete(key);
        continue;
      }
      if (state.lastReceivedMs > before() || left === 0 || visits-- <= 0) break;
      // Asked first: what hangs together with it is a walk through all of its spans.
      if (staying.has(key) || !isDone(state, before())) continue;
      const all = tied.has(key) ? null : togetherWith(state.nodes, assembler, MOST_TOGETHER);
      visits -= all?.nodes.size ?? 0;
      if (all?.isAll === true) {
        if (!mayLeave(all.nodes, before())) {
          keysOf(all.nodes, staying);
          continue;
        }
        unload(all);
      } else {
        if (all !== null) keysOf(all.nodes, tied);
        unload(alone(state));
      }
      left--;
    }
    for (const key of staying) if (quiet.delete(key)) quiet.add(key);
    sweep(before());
    cancel?.();
    cancel = quiet.size === 0 ? undefined : clock.after(IDLE_MS, () => leave(MOST_LEAVING_IDLE));
  };

  /** Spans that belong to no flow, and have none around them, leave by themselves. */
  const sweep = (before: number): void => {
    if (clock.now() - sweptAtMs < options.unloadMs) return;
    sweptAtMs = clock.now();
    /** Hang together with what has to stay, or with too many: one walk speaks for all that it met. */
    const staying = new Set<Node>();
    for (const node of [...graph.nodes()]) {
      if (node.flowKey !== '' || node.persistedAsUnattributed === null || node.span.receivedAtMs > before)
        continue;
      if (staying.has(node) || graph.get(node.span.key) !== node) continue;
      const around = [...neighboursOf(node, graph)];
      if (around.some((next) => next.flowKey !== '')) continue;
      const all = isBatchConsumer(node.span)
        ? { nodes: new Set([node]), border: new Set<Node>(), isAll: true }
        : togetherWith([node], assembler, MOST_TOGETHER);
      const isNobodys = [...all.nodes].every((member) => member.flowKey === '');
      if (all.isAll && isNobodys && mayLeave(all.nodes, before)) unload(all);
      else for (const member of all.nodes) staying.add(member);
    }
  };

  return {
    quiet(key) {
      quiet.delete(key);
      quiet.add(key);
    },
    notQuiet: (key) => void quiet.delete(key),
    some: (written) => leave(MOST_LEAVING + 2 * written),
    stop: () => cancel?.(),
  };
}

const keysOf = (nodes: ReadonlySet<Node>, into: Set<string>): void => {
  for (const node of nodes) into.add(node.flowKey);
};
