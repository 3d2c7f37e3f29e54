import { pushAll } from '../../base/lists.ts';
import { spanIdOf, traceIdOf } from '../../model/span.ts';
import type { Graph, Node } from '../graph/index.ts';
import { hasStrongId, isBatch, isConsumer, isReceiving, isSend } from '../../model/roles.ts';
import {
  hasId,
  identityNameOf,
  idToken,
  isIdentityToken,
  messageTokens,
  NO_TOKENS,
  softTokens,
  traceKeyOf,
  type FlowKey,
  type Token,
} from '../../model/keys.ts';
import { fewKeysOf } from './few-keys.ts';
import {
  mayFollowLink,
  rememberedHeads,
  singleCause,
  startsSegment,
  type Cause,
  type CausesOf,
} from '../graph/causes.ts';

/**
 * A segment of a tree. A tree is a series of segments that are connected by single causes, such as
 * one order that services pass on. The series is cut at segments with an id of their own, each of
 * which begins another tree, and at everything that flows share. Trees are small, so a change
 * rebuilds the affected trees from scratch by the same pure rules, in any order of arrival.
 */
export interface Segment {
  head: Node;
  spans: Node[];
  causes: Cause[];
  children: Segment[];
}

/** Heads of segments that are just below one segment of a tree, but not part of the tree. */
interface Below {
  strong: Set<Node>;
  /** Heads whose parent is in the segment, but whose cause is not. Below a poll, this is usual. */
  guests: Set<Node>;
}

export interface BuiltTree {
  root: Segment;
  below: Map<Segment, Below>;
}

/** Returns whether `head` is the top of its tree, as it is if no cause passes its flow on to it. */
export function isTop(head: Node, causes: Cause[]): boolean {
  return hasStrongId(head.span) || isBatch(head.span) || singleCause(causes) === null;
}

/** Builds the tree with this top from the segments below it. */
export function buildTree(top: Node, graph: Graph, causesOf: CausesOf): BuiltTree {
  const below = new Map<Segment, Below>();
  const headFor = rememberedHeads();
  const inSegment = (node: Node, head: Node): boolean => headFor(node) === head;
  const seen = new Set<Node>([top]);
  const root: Segment = { head: top, spans: [], causes: causesOf(top), children: [] };
  const work: Segment[] = [root];
  while (work.length > 0) {
    const segment = work.pop()!;
    const under: Below = { strong: new Set(), guests: new Set() };
    below.set(segment, under);
    const meet = (head: Node): void => {
      if (seen.has(head)) return;
      const causes = causesOf(head);
      const cause = singleCause(causes);
      const inHere = cause !== null && inSegment(cause, segment.head);
      if (hasStrongId(head.span)) {
        if (inHere || (causes.length === 0 && !isConsumer(head.span.role))) under.strong.add(head);
        else if (head.parent !== null && inSegment(head.parent, segment.head))
          under.guests.add(head);
        return;
      }
      if (inHere && !isTop(head, causes)) {
        seen.add(head);
        const child: Segment = { head, spans: [], causes, children: [] };
        segment.children.push(child);
        work.push(child);
      } else if (head.parent !== null && inSegment(head.parent, segment.head))
        under.guests.add(head);
    };
    const spans = [segment.head];
    while (spans.length > 0) {
      const node = spans.pop()!;
      segment.spans.push(node);
      for (const child of node.children) {
        if (child === top) continue;
        if (startsSegment(child)) meet(child);
        else spans.push(child);
      }
      for (const linker of node.linkers) if (mayFollowLink(linker, node)) meet(linker);
      if (isSend(node.span.role))
        for (const token of messageTokens(node.span))
          for (const other of graph.sharing(token)) if (isConsumer(other.span.role)) meet(other);
    }
  }
  return { root, below };
}

/** The flows to which the segments of one tree belong. */
export interface Resolution {
  /** Flow key of each segment; null if the segment is shared, '' if it is unattributed. */
  flows: Map<Segment, FlowKey | '' | null>;
  base: FlowKey | '';
  dependent: boolean;
}

export interface ResolveContext {
  graph: Graph;
  /** Returns the flow key of a span with an id; a missing type is replaced by the known one. */
  identityOf(node: Node): FlowKey;
  /** Returns whether no type is known for the span's id. */
  lacksType(node: Node): boolean;
  /** Returns the flow key of a node in another tree; '' if that node is in no flow. */
  flowOf(node: Node): FlowKey | '';
  /** Returns whether the tree depends on itself by way of other trees, which are then ignored. */
  dependsOnItself(top: Node): boolean;
}

export function resolveTree(built: BuiltTree, context: ResolveContext): Resolution {
  const { root, below } = built;
  const { head, causes } = root;
  const flows = new Map<Segment, FlowKey | '' | null>();
  const assignAll = (segment: Segment, key: FlowKey | ''): void => {
    const work = [segment];
    while (work.length > 0) {
      const next = work.pop()!;
      flows.set(next, key);
      pushAll(work, next.children);
    }
  };

  /**
   * Flow keys that may name a segment without a strong id, by segment: the key of its own ambient
   * id, or else the keys of the ids in the segments that it caused.
   */
  const idsCache = new Map<Segment, Set<FlowKey>>();
  const idsUnder = (from: Segment): Set<FlowKey> => {
    // Segments are visited from the bottom up, without recursion, as traces may be 100,000 deep.
    const order: Segment[] = [];
    const work = [from];
    while (work.length > 0) {
      const next = work.pop()!;
      if (idsCache.has(next)) continue;
      order.push(next);
      pushAll(work, next.children);
    }
    for (let i = order.length - 1; i >= 0; i--) {
      const segment = order[i]!;
      const strong = new Set<FlowKey>();
      const ambient = new Set<FlowKey>();
      if (idToken(segment.head.span) !== '') ambient.add(context.identityOf(segment.head));
      else {
        for (const node of below.get(segment)!.strong) strong.add(context.identityOf(node));
        for (const child of segment.children)
          for (const id of idsCache.get(child)!)
            (child.head.span.flow?.id ? ambient : strong).add(id);
      }
      idsCache.set(segment, fewKeysOf(strong.size > 0 ? strong : ambient));
    }
    return idsCache.get(from)!;
  };

  /** Determines the flows of a segment without a strong id and of the segments below it. */
  const resolveAnonymous = (from: Segment, isUnderShared: boolean): void => {
    const work = [from];
    for (let segment = work.pop(); segment !== undefined; segment = work.pop()) {
      const ids = idsUnder(segment);
      if (ids.size === 1) assignAll(segment, [...ids][0]!);
      else if (ids.size === 0) {
        const inTrace = (isUnderShared || segment !== from) && segment.head.parent !== null;
        assignAll(segment, inTrace ? '' : anonymousKey(segment, context.graph));
      } else {
        flows.set(segment, null);
        pushAll(work, segment.children);
      }
    }
  };
  const resolveShared = (): void => {
    flows.set(root, null);
    for (const child of root.children) resolveAnonymous(child, true);
  };
  const finish = (dependent: boolean): Resolution => {
    const keys = new Set(flows.values());
    const only = keys.size === 1 ? [...keys][0]! : null;
    return { flows, base: only ?? '', dependent };
  };

  if (head.placeholder !== null) {
    resolveShared();
    return finish(false);
  }
  if (hasStrongId(head.span)) {
    const lacksType = context.lacksType(head);
    assignAll(root, (lacksType ? sameId(built, context) : null) ?? context.identityOf(head));
    return finish(lacksType);
  }
  if (isBatch(head.span) && isConsumer(head.span.role)) {
    // A batch to which no received consumer refers is a flow of its own, as no view would show it
    // otherwise. Only direct neighbours count, as more distant spans may not be in memory.
    const serves = [...head.children, ...head.linkers].some((node) => isConsumer(node.span.role));
    if (!serves && causes.every((cause) => cause.node === null)) resolveAnonymous(root, false);
    else resolveShared();
    return finish(false);
  }
  if (causes.length > 1) {
    const home = context.dependsOnItself(head) ? null : homeOfCauses(causes, context);
    if (home !== null) assignAll(root, home);
    else resolveShared();
    return finish(true);
  }
  const guests = guestsOf(built);
  if (guests.length > 0) {
    const isRing = context.dependsOnItself(head);
    const found = new Set<FlowKey>();
    for (const guest of guests) {
      const key = context.flowOf(guest);
      if (key !== '') found.add(key);
    }
    const [only] = found;
    if (!isRing && found.size === 1 && idsUnder(root).size === 0) assignAll(root, only!);
    else if ((!isRing && found.size > 1) || guests.every((guest) => guest.shared)) resolveShared();
    else resolveAnonymous(root, false);
    return finish(true);
  }
  const cause = causes[0]?.node;
  resolveAnonymous(root, cause != null && isBatch(cause.span));
  return finish(false);
}

/**
 * Returns the key of the flow in which all causes are; null if they are in several flows or in
 * none, or if a cause is shared or was not received.
 */
function homeOfCauses(causes: readonly Cause[], context: ResolveContext): FlowKey | null {
  let home: FlowKey | '' = '';
  for (const { node } of causes) {
    if (node === null || node.shared) return null;
    const key = context.flowOf(node);
    if (key === '' || (home !== '' && key !== home)) return null;
    home = key;
  }
  return home === '' ? null : home;
}

/**
 * Finds the flow of a tree whose id has no type. Returns the key of the flow that caused the tree,
 * if that flow has the same id. Otherwise returns the only key with the same id among the flows
 * that the tree caused, or null. If no edge connects two flows, equal ids mean nothing.
 */
function sameId({ root, below }: BuiltTree, context: ResolveContext): FlowKey | null {
  const id = idToken(root.head.span);
  const cause = singleCause(root.causes);
  if (cause !== null && !context.dependsOnItself(root.head)) {
    const key = context.flowOf(cause);
    if (key !== '' && hasId(key, id)) return key;
  }
  const caused = new Set<FlowKey>();
  for (const { strong } of below.values())
    for (const node of strong)
      if (!context.lacksType(node) && hasId(context.identityOf(node), id))
        caused.add(context.identityOf(node));
  return caused.size === 1 ? [...caused][0]! : null;
}

/** Returns the nodes in other trees whose flows decide the flow of this tree. */
export function dependenciesOf(built: BuiltTree): Node[] {
  const { root } = built;
  const cause = singleCause(root.causes);
  if (hasStrongId(root.head.span)) return cause === null ? [] : [cause];
  if (root.causes.length > 1)
    return root.causes.flatMap((cause) => (cause.node ? [cause.node] : []));
  return guestsOf(built);
}

/** Returns the guests of a tree whose top is a receiving span without a cause, otherwise none. */
function guestsOf({ root, below }: BuiltTree): Node[] {
  const { head, causes } = root;
  if (causes.length > 0 || !isReceiving(head.span)) return [];
  const guests = [...below.get(root)!.guests];
  return head.span.role === 'receive'
    ? guests
    : guests.filter(
        ({ span }) => isConsumer(span.role) && span.service.name === head.span.service.name,
      );
}

/**
 * Returns the key of a flow without an explicit id. If this and other segments come from the same
 * absent span, that span names the flow. Otherwise the flow is named by a trace id: the smallest
 * one among its segments that are the root of their trace, or whose parent was not received. If it
 * has no such segment, a span id is added, because unrelated flows share the trace of a poll.
 */
function anonymousKey(from: Segment, graph: Graph): FlowKey {
  const place = placeOf(from, graph);
  if (place !== null) return place;
  let trace = '';
  let span = '';
  const work = [from];
  while (work.length > 0) {
    const segment = work.pop()!;
    const { head } = segment;
    if (speaksForTrace(head, segment.causes, graph)) {
      if (trace === '' || head.span.traceId < trace) trace = head.span.traceId;
    } else if (span === '' || head.span.key < span) span = head.span.key;
    pushAll(work, segment.children);
  }
  return trace !== '' ? traceKeyOf(trace) : traceKeyOf(traceIdOf(span), spanIdOf(span));
}

/** Returns the key made of the absent span from which several segments come, or null. */
function placeOf({ head, causes }: Segment, graph: Graph): FlowKey | null {
  const { span } = head;
  const cause = causes.length === 1 && causes[0]!.node === null ? causes[0]!.key : '';
  const isOrphan = head.parent === null && !head.cycle && span.parent !== '';
  const key = isConsumer(span.role) ? cause : isOrphan ? span.parent : '';
  if (key === '' || isBatch(span)) return null;
  const place = graph.placeOf(key);
  if (key === span.parent ? !place.orphans : !place.takers) return null;
  return traceKeyOf(traceIdOf(key), place.inTrace ? '' : spanIdOf(key));
}

function speaksForTrace(head: Node, causes: Cause[], graph: Graph): boolean {
  const { span } = head;
  if (span.parent === '' || head.cycle) return true;
  if (head.parent !== null) return false;
  const parentKey = span.parent;
  if (isConsumer(span.role)) return causes.length === 1 && causes[0]!.key === parentKey;
  // Spans that have the same absent parent are in one flow, unless that parent looks like a poll
  // that served unrelated flows.
  return !graph.looksPolled(parentKey);
}

export function softTokensOf(nodes: readonly Node[]): readonly Token[] {
  let found: Set<Token> | null = null;
  for (const node of nodes) {
    const tokens = softTokens(node.span);
    if (tokens.length > 0) for (const token of tokens) (found ??= new Set()).add(token);
  }
  if (found === null) return NO_TOKENS;
  // If a tree has two values of one identity key, that key does not identify the tree.
  const values = new Map<string, number>();
  const nameOf = (token: Token): string => (isIdentityToken(token) ? identityNameOf(token) : token);
  for (const token of found) values.set(nameOf(token), (values.get(nameOf(token)) ?? 0) + 1);
  return [...found].filter((token) => values.get(nameOf(token)) === 1);
}
