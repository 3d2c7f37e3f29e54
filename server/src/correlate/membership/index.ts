import { pushAll } from '../../base/lists.ts';
import type { KnownCause } from '../../model/flow.ts';
import { compareDuplicates, type Span, type SpanKey } from '../../model/span.ts';
import {
  concernedBy,
  changedByName,
  headOf,
  joinedByName,
  MAX_SENDS,
  tookFromReceive,
} from '../graph/causes.ts';
import {
  countOf,
  createGraph,
  forEachNeighbour,
  type Graph,
  type Node,
  type Tree,
} from '../graph/index.ts';
import { hasStrongId, isConsumer, isSend } from '../../model/roles.ts';
import {
  flowKeyOf,
  NO_TOKENS,
  type FlowKey,
  type Token,
  idToken,
  kindToken,
  isMessageToken,
  isSoftToken,
  messageTokens,
  softTokens,
} from '../../model/keys.ts';
import { buildTree, resolveTree, softTokensOf, type ResolveContext } from './trees.ts';
import { rememberedAnswers, type GraphAnswers } from './graph-answers.ts';
import { isContradicted, mergeGroupsOf, type MergeGroup } from './soft-keys.ts';

/**
 * The assembler keeps, for every span in memory, the flow to which it belongs. That flow is a
 * function of the set of spans: `add` finds the trees that a new span can affect and determines
 * their flows again by the pure rules of `graph/causes.ts` and `trees.ts`. Any order, duplication,
 * batching, eviction and restart gives the same flows (invariant I1, tested by
 * membership.property.test.ts).
 */
export interface Assembler {
  readonly graph: Graph;
  /** Adds spans and brings every affected flow up to date. */
  add(spans: readonly Span[]): void;
  /**
   * Adds a span from the store; flows are up to date after the next `add`. If `placeholder` is not
   * null, the span is shared, and these recorded causes are its causes.
   */
  load(span: Span, placeholder: readonly KnownCause[] | null): void;
  /**
   * Evicts spans from memory. Spans in memory that refer to evicted spans keep their flow until
   * another change affects them.
   */
  evict(nodes: Iterable<Node>): void;
  /** Marks a name as identifying nothing. From the next `add` on, that name joins no spans. */
  discard(token: string, atMs: number): void;
  /**
   * Turns a shared span into a placeholder with these recorded causes, because the spans around it
   * are evicted.
   */
  makePlaceholder(node: Node, causes: readonly KnownCause[]): void;
  /**
   * Returns the placeholders that a new span affects directly. The spans around these placeholders
   * must be in memory before the new span is added.
   */
  placeholdersAround(span: Span): readonly Node[];
  flow(key: FlowKey): FlowState | undefined;
  readonly flows: ReadonlyMap<FlowKey, FlowState>;
  /** Returns the dirty set: flows that changed since the last call. */
  takeDirty(): Set<FlowKey>;
  /**
   * Where spans moved, by the flow that they left: the flows into which they moved, each with the
   * sequence number of the last such move. The code that projects a flow deletes the flow's entry.
   */
  readonly movedOutOf: Map<FlowKey, ReadonlyMap<FlowKey, number>>;
  /** Number of moves of spans between flows so far. */
  readonly moves: number;
  /** Returns the spans that were found to be unattributed since the last call. */
  takeUnattributed(): Node[];
  /** Makes `takeUnattributed` return this node again. */
  reportAgain(node: Node): void;
  /** Number of resolutions abandoned because of a cyclic dependency. */
  readonly abandoned: number;
}

export interface FlowState {
  key: FlowKey;
  nodes: Set<Node>;
  lastReceivedMs: number;
}

/**
 * Bound on the work of resolving trees, so that no input can hang the server. Malformed data can
 * make trees depend on each other in circles that the rules for rings do not detect.
 */
const MAX_REBUILDS_PER_NODE = 64;
const NOBODY: readonly Node[] = [];

export function createAssembler(mostSends = MAX_SENDS): Assembler {
  const graph = createGraph();
  const flows = new Map<FlowKey, FlowState>();
  const types = new Map<string, Map<string, number>>();
  const softIndex = new Map<Token, Set<Tree>>();
  let dirtyFlows = new Set<FlowKey>();
  const movedOutOf = new Map<FlowKey, Map<FlowKey, number>>();
  let moves = 0;
  let dirtyTokens = new Set<Token>();
  const queue = new Set<Node>();
  /**
   * Placeholders in memory. Few systems have any. The search for placeholders around a new span
   * took 8 % of the time of correlation, so it is left out when this set is empty.
   */
  const placeholders = new Set<Node>();
  let unattributed = new Set<Node>();
  let abandoned = 0;

  const invalidate = (tree: Tree | null): void => {
    if (tree === null || !tree.valid) return;
    tree.valid = false;
    for (const token of tree.soft) {
      dirtyTokens.add(token);
      const set = softIndex.get(token);
      set?.delete(tree);
      if (set?.size === 0) softIndex.delete(token);
    }
    for (const node of tree.nodes) {
      if (node.tree !== tree) continue;
      node.tree = null;
      queue.add(node);
    }
  };

  /** Invalidates the node's tree, so that it is resolved again. */
  const invalidateTreeOf = (node: Node | null | undefined): void => {
    if (!node) return;
    if (node.tree?.valid) invalidate(node.tree);
    else queue.add(node);
    // The number of causes of a receive span decides whether that span counts as the cause of the
    // process spans below it, so the process spans have to be resolved again too.
    if (node.span.role === 'receive' && isFirstVisit('receive', node))
      for (const child of node.children) if (tookFromReceive(child)) invalidateTreeOf(child);
  };
  /**
   * Nodes already invalidated in this batch, by kind of visit. A node is visited once for each
   * kind, so that the time for a batch stays linear when thousands of spans share a neighbour.
   * Spans that arrive later in the batch are queued when they are added.
   */
  const visited = { receive: new Set<Node>(), referrer: new Set<Node>(), inner: new Set<Node>() };
  const isFirstVisit = (as: keyof typeof visited, node: Node): boolean => {
    const nodes = visited[as];
    if (nodes.has(node)) return false;
    nodes.add(node);
    return true;
  };
  const forgetVisited = (): void => {
    for (const nodes of Object.values(visited)) if (nodes.size > 0) nodes.clear();
  };

  /** Invalidates the trees whose flow was determined from this node's flow. */
  const invalidateDependents = (node: Node): void => {
    for (const linker of node.linkers) if (linker.tree?.dependent) invalidate(linker.tree);
    for (const child of node.children) if (child.tree?.dependent) invalidate(child.tree);
    if (node.parent?.tree?.dependent && node.parent.tree !== node.tree)
      invalidate(node.parent.tree);
    joinedByName(node, graph, ({ tree }) => {
      if (tree?.dependent && tree !== node.tree) invalidate(tree);
    });
  };

  const setFlow = (node: Node, key: FlowKey | '', shared: boolean): void => {
    if (node.flowKey === key && node.shared === shared) return;
    if (node.flowKey !== key) {
      leave(node, key);
      node.flowKey = key;
      if (key !== '') join(node, key);
    }
    // Neighbouring flows show this node's flow as a relation, so they have changed too.
    markNeighbours([node]);
    node.shared = shared;
    invalidateDependents(node);
  };
  const join = (node: Node, key: FlowKey): void => {
    let state = flows.get(key);
    if (state === undefined) flows.set(key, (state = { key, nodes: new Set(), lastReceivedMs: 0 }));
    state.nodes.add(node);
    if (node.span.receivedAtMs > state.lastReceivedMs)
      state.lastReceivedMs = node.span.receivedAtMs;
    dirtyFlows.add(key);
  };
  const leave = (node: Node, to: FlowKey | ''): void => {
    if (node.flowKey === '') return;
    const state = flows.get(node.flowKey);
    dirtyFlows.add(node.flowKey);
    let movedInto = movedOutOf.get(node.flowKey);
    if (movedInto === undefined)
      movedOutOf.set(node.flowKey, (movedInto = new Map<FlowKey, number>()));
    if (to !== '') movedInto.set(to, ++moves);
    state?.nodes.delete(node);
    if (state?.nodes.size === 0) flows.delete(node.flowKey);
  };

  const typesOf = (span: Span): ReadonlyMap<string, number> | undefined =>
    types.get(kindToken(span));
  const identityOf = (node: Node): FlowKey => {
    const { span } = node;
    const { id, type, kind } = span.flow!;
    const known = typesOf(span);
    return flowKeyOf(
      span.service.environment,
      id,
      type || (known?.size === 1 ? [...known.keys()][0]! : ''),
      kind,
    );
  };
  /** Returns whether the node has a flow id, not ambient, for which no type is known. */
  const lacksType = ({ span }: Node): boolean =>
    hasStrongId(span) && span.flow!.type === '' && typesOf(span) === undefined;

  let answers: GraphAnswers = rememberedAnswers(graph, lacksType);
  const forgetAnswers = (): void => {
    answers = rememberedAnswers(graph, lacksType);
  };

  const context: ResolveContext = {
    graph,
    identityOf,
    lacksType,
    flowOf: (node) => node.flowKey,
    dependsOnItself: (top) => answers.dependsOnItself(top),
  };

  const rebuild = (node: Node): void => {
    const top = answers.topOf(node);
    const built = buildTree(top, graph, answers.causesOf);
    const tree: Tree = { top, nodes: [], valid: true, base: '', soft: NO_TOKENS, dependent: false };
    const resolution = resolveTree(built, context);
    tree.base = resolution.base;
    tree.dependent = resolution.dependent;
    for (const [segment, key] of resolution.flows) {
      for (const member of segment.spans) {
        if (member.tree !== null && member.tree !== tree) invalidate(member.tree);
        for (const token of softTokens(member.span))
          if (graph.identifies(token)) dirtyTokens.add(token);
        member.tree = tree;
        tree.nodes.push(member);
      }
      for (const member of segment.spans) queue.delete(member);
      if (key) dirtyFlows.add(key);
      else {
        markNeighbours(segment.spans);
        for (const member of segment.spans) unattributed.add(member);
      }
    }
    // The copy of the array needs less memory, because the array itself has grown by `push` and
    // reserves spare capacity.
    tree.nodes = tree.nodes.slice();
    // Segments without a flow are unattributed, such as those below a shared segment.
    for (const [segment, key] of resolution.flows)
      for (const member of segment.spans) setFlow(member, key ?? '', key === null);
    if (tree.base !== '' && !tree.dependent) {
      tree.soft = softTokensOf(tree.nodes).filter((token) => graph.identifies(token));
      for (const token of tree.soft) {
        dirtyTokens.add(token);
        const set = softIndex.get(token);
        if (set) set.add(tree);
        else softIndex.set(token, new Set([tree]));
      }
    }
  };

  /** Marks flows as dirty that show these spans, which are the flows of connected spans. */
  const markNeighbours = (spans: readonly Node[]): void => {
    const mark = (node: Node | null | undefined): void => {
      if (node && node.flowKey !== '') dirtyFlows.add(node.flowKey);
    };
    for (const node of spans) {
      mark(node.parent);
      for (const child of node.children) mark(child);
      for (const linker of node.linkers) mark(linker);
      for (const link of node.span.links) mark(graph.get(link));
      joinedByName(node, graph, mark);
    }
  };

  /** Joins trees by conversations and identity keys, unless their ids conflict (invariant I9). */
  const resolveSoftKeys = (): void => {
    const tokens = dirtyTokens;
    dirtyTokens = new Set();
    const done = new Set<Tree>();
    for (const token of tokens) {
      if (isContradicted(token, graph.sharing(token), mostSends)) {
        discard(token);
        continue;
      }
      for (const start of softIndex.get(token) ?? []) {
        if (done.has(start)) continue;
        const group: Tree[] = [];
        const reached = new Set<Token>();
        const work = [start];
        done.add(start);
        while (work.length > 0) {
          const tree = work.pop()!;
          group.push(tree);
          for (const next of tree.soft) {
            if (reached.has(next)) continue;
            reached.add(next);
            for (const other of softIndex.get(next) ?? []) {
              if (done.has(other)) continue;
              done.add(other);
              work.push(other);
            }
          }
        }
        mergeGroupsOf(group).forEach(assign);
      }
    }
  };
  /** Marks the token as identifying nothing, and invalidates the trees of spans with it. */
  const discard = (token: string, atMs = 0): void => {
    if (!isMessageToken(token) && !isSoftToken(token)) return;
    let lastMs = atMs;
    for (const node of graph.sharing(token)) {
      lastMs = Math.max(lastMs, node.span.receivedAtMs);
      invalidateTreeOf(node);
    }
    graph.discard(token, lastMs);
  };
  const assign = ({ trees, key }: MergeGroup): void => {
    for (const tree of trees)
      for (const node of tree.nodes) if (!node.shared) setFlow(node, key, false);
  };

  const settle = (): void => {
    try {
      resolve();
    } finally {
      forgetAnswers();
      forgetVisited();
    }
  };
  const resolve = (): void => {
    let budget = (queue.size + 1000) * MAX_REBUILDS_PER_NODE;
    while (queue.size > 0 || dirtyTokens.size > 0) {
      for (const node of queue) {
        queue.delete(node);
        if (node.tree?.valid || graph.get(node.span.key) !== node) continue;
        rebuild(node);
        if (--budget < 0) {
          abandoned++;
          queue.clear();
          dirtyTokens.clear();
          return;
        }
      }
      resolveSoftKeys();
    }
  };

  const invalidateOrphansOf = (parent: SpanKey): void => {
    for (const other of graph.waitingFor(parent)) invalidateTreeOf(other);
  };
  /** Queues a new span, and invalidates the trees of the spans that it affects. */
  const markAffected = (node: Node, wakesPlaceholders: boolean): void => {
    queue.add(node);
    const { span } = node;
    if (wakesPlaceholders)
      for (const placeholder of placeholdersAround(span)) {
        fillPlaceholder(placeholder);
        markAffected(placeholder, false);
      }
    if (node.parent !== null) {
      invalidateTreeOf(node.parent);
      if (isConsumer(span.role)) invalidateTreeOf(headOf(node.parent));
    }
    for (const child of node.children) markReferrer(child);
    for (const linker of node.linkers) markReferrer(linker);
    for (const link of span.links) invalidateTreeOf(graph.get(link));
    changedByName(node, graph, invalidateTreeOf);
    markInner(node);
  };
  const makePlaceholder = (node: Node, causes: readonly KnownCause[]): void => {
    node.placeholder = causes;
    placeholders.add(node);
  };
  const fillPlaceholder = (node: Node): void => {
    node.placeholder = null;
    placeholders.delete(node);
  };
  const placeholdersAround = (span: Span): readonly Node[] => {
    if (placeholders.size === 0) return NOBODY;
    const found = new Set<Node>();
    const meet = (node: Node | undefined): void => {
      const head = node && headOf(node);
      if (head && head.placeholder !== null) found.add(head);
    };
    meet(graph.get(span.key));
    meet(graph.get(span.parent));
    for (const link of span.links) meet(graph.get(link));
    for (const other of graph.waitingFor(span.key)) meet(other);
    const known = graph.get(span.key);
    if (known) forEachNeighbour(known, graph, meet);
    concernedBy(span, graph, meet);
    return [...found];
  };
  /**
   * Invalidates the tree of a span that refers to a new span. If the referring span is a consumer,
   * the trees of its other causes may lose spans to its new cause, so they are invalidated too.
   */
  const markReferrer = (node: Node): void => {
    if (!isFirstVisit('referrer', node)) return;
    invalidateTreeOf(node);
    if (!isConsumer(node.span.role)) return;
    invalidateTreeOf(node.parent);
    for (const link of node.span.links) invalidateTreeOf(graph.get(link));
    // Until the new span arrived, the consumer may have been matched to a send by message id.
    concernedBy(node.span, graph, invalidateTreeOf);
  };
  /**
   * Invalidates the trees of all spans below a new span. An id of the new span may start or end
   * segments below it, and new ancestors decide whether a send counts as a republish.
   */
  const markInner = (node: Node): void => {
    const work = [...node.children];
    while (work.length > 0) {
      const child = work.pop()!;
      if (!isFirstVisit('inner', child)) continue;
      invalidateTreeOf(child);
      if (isSend(child.span.role)) concernedBy(child.span, graph, invalidateTreeOf);
      // The walk also continues below spans with ids, as new ancestors may change whether such an
      // id starts a segment.
      if (!isConsumer(child.span.role)) pushAll(work, child.children);
    }
  };
  const countType = (node: Node, by: 1 | -1): void => {
    const token = idToken(node.span);
    // Only spans with an id that is not ambient determine the type of a flow.
    if (token === '' || node.span.flow!.type === '' || !hasStrongId(node.span)) return;
    const kind = kindToken(node.span);
    let known = types.get(kind);
    if (known === undefined) types.set(kind, (known = new Map<string, number>()));
    const before = known.size;
    const count = (known.get(node.span.flow!.type) ?? 0) + by;
    if (count === 0) known.delete(node.span.flow!.type);
    else known.set(node.span.flow!.type, count);
    if (known.size === 0) types.delete(kind);
    // A span without a type adopts the type of other spans with its id if exactly one type is
    // known. Whether that is so has just changed, so these spans, and spans that took their flow
    // from them, may move.
    if (Math.min(known.size, 2) !== Math.min(before, 2) && countOf(graph.sharing(token)) > 1)
      for (const other of graph.sharing(token)) {
        invalidateTreeOf(other);
        invalidateTreeOf(other.parent);
        for (const link of other.span.links) invalidateTreeOf(graph.get(link));
        concernedBy(other.span, graph, invalidateTreeOf);
      }
  };

  const absentOf = ({ parent, links, role }: Span): { key: SpanKey; looked: number }[] => {
    const absent: { key: SpanKey; looked: number }[] = [];
    const note = (key: SpanKey): void => {
      if (key !== '' && graph.get(key) === undefined)
        absent.push({ key, looked: looksOf(key, graph) });
    };
    note(parent);
    if (isConsumer(role)) links.forEach(note);
    return absent;
  };
  const addOne = (
    span: Span,
    placeholder: readonly KnownCause[] | null,
    loading: boolean,
  ): void => {
    const known = graph.get(span.key);
    if (
      known !== undefined &&
      (placeholder !== null ||
        (known.placeholder === null && compareDuplicates(span, known.span) <= 0))
    )
      // A duplicate that is not greater than the known span (`compareDuplicates`) changes nothing.
      return;
    const absent = absentOf(span);
    if (known !== undefined) pushAll(absent, absentOf(known.span));
    if (known !== undefined) forget(known);
    const node = graph.add(span, placeholder);
    if (placeholder !== null) placeholders.add(node);
    countType(node, 1);
    for (const other of graph.takeCut()) if (other !== node) markReferrer(other);
    // Thousands of spans may wait for one absent span. The waiting spans are invalidated only if
    // the new span changes how the graph treats the absent span.
    for (const { key, looked } of absent)
      if (looksOf(key, graph) !== looked) invalidateOrphansOf(key);
    markAffected(node, !loading);
    if (isSend(span.role))
      for (const token of messageTokens(span))
        if (countOf(graph.sendsOf(token)) > mostSends) discard(token);
    for (const { key } of absent) partStrangers(key, span);
  };
  /**
   * Marks the name of an absent span as identifying nothing if too many unrelated spans refer to
   * that absent span. Otherwise each of these spans would rehydrate all others, again and again.
   */
  const partStrangers = (key: SpanKey, { receivedAtMs }: Span): void => {
    const name = graph.strangersAt(key, mostSends);
    if (name === null) return;
    if (graph.identifies(name)) invalidateOrphansOf(key);
    graph.discard(name, receivedAtMs);
  };
  const forget = (node: Node): void => {
    forgetVisited();
    invalidate(node.tree);
    queue.delete(node);
    leave(node, '');
    node.flowKey = '';
    placeholders.delete(node);
    graph.remove(node);
    countType(node, -1);
  };

  return {
    graph,
    flows,
    get abandoned() {
      return abandoned;
    },
    add(spans) {
      for (const span of spans) addOne(span, null, false);
      settle();
    },
    load: (span, placeholder) => addOne(span, placeholder, true),
    discard,
    makePlaceholder,
    placeholdersAround,
    evict(nodes) {
      // Spans in the queue were just loaded and are resolved by the next `add`. If they were
      // dropped from the queue, they would be in no flow.
      const loaded = [...queue];
      for (const node of [...nodes]) {
        const tree = node.tree;
        if (tree !== null) {
          // The tree is evicted with its flow, so its remaining nodes need not be resolved.
          tree.valid = false;
          for (const token of tree.soft) {
            const set = softIndex.get(token);
            set?.delete(tree);
            if (set?.size === 0) softIndex.delete(token);
          }
        }
        // Nodes of the same tree that stay in memory, because the tree served several flows, are
        // resolved again when something affects them.
        for (const other of tree?.nodes ?? []) if (other.tree === tree) other.tree = null;
        queue.delete(node);
        if (node.flowKey !== '') {
          const state = flows.get(node.flowKey);
          state?.nodes.delete(node);
          if (state?.nodes.size === 0) flows.delete(node.flowKey);
          node.flowKey = '';
        }
        placeholders.delete(node);
        graph.remove(node);
        countType(node, -1);
      }
      // Nodes of evicted trees that remain in memory keep their flow until something affects them.
      queue.clear();
      forgetVisited();
      for (const node of loaded) if (graph.get(node.span.key) === node) queue.add(node);
    },
    flow: (key) => flows.get(key),
    movedOutOf,
    get moves() {
      return moves;
    },
    reportAgain: (node) => void unattributed.add(node),
    takeUnattributed() {
      const taken = [...unattributed].filter(
        (node) =>
          node.flowKey === '' && node.placeholder === null && graph.get(node.span.key) === node,
      );
      unattributed = new Set();
      return taken;
    },
    takeDirty() {
      const taken = dirtyFlows;
      dirtyFlows = new Set();
      return taken;
    },
  };
}

/** Returns a code for how the graph treats the absent span, so that a change can be detected. */
function looksOf(key: SpanKey, graph: Graph): number {
  const { orphans, takers, inTrace } = graph.placeOf(key);
  const isPolled = graph.looksPolled(key);
  return Number(isPolled) + 2 * Number(orphans) + 4 * Number(takers) + 8 * Number(inTrace);
}
