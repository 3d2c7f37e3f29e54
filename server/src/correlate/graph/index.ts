import type { KnownCause } from '../../model/flow.ts';
import type { Span, SpanKey } from '../../model/span.ts';
import { POLLED, REFERRER } from '../../model/names.ts';
import { countOf, type Node, type Sharing, type Tree } from './node.ts';
import { addLink, attachParent, detachParent, withoutNode } from './edges.ts';
import { createAnnounced } from './announced.ts';
import { createAbsent, isPolled, NO_PLACE, type Place } from './absent.ts';
import { isSend } from '../../model/roles.ts';
import { messageTokens, sharedTokens } from '../../model/keys.ts';
import { createWorthless } from './worthless.ts';

export { countOf, type Node, type Sharing, type Tree };

/**
 * The graph holds the spans in memory and how they refer to each other: by parents, links and
 * shared tokens. It holds facts only; `causes.ts` and `membership/trees.ts` decide what follows
 * from these facts.
 */
export interface Graph {
  readonly size: number;
  get(key: SpanKey): Node | undefined;
  /** Returns the nodes that refer, as parent or link, to the absent span with this key. */
  waitingFor(key: SpanKey): Sharing;
  /**
   * Returns whether the absent span with this key is the parent of consumers with links. The absent
   * span then looks like a poll that served unrelated flows.
   */
  looksPolled(key: SpanKey): boolean;
  /**
   * Returns which of the spans that refer to this absent span are joined by it: its children, the
   * consumers of its message, or both.
   */
  placeOf(key: SpanKey): Place;
  /**
   * Returns the name that joins the spans which refer to this absent span, if there are more than
   * `most` of them and they are unrelated. Such a name identifies nothing. Returns null otherwise.
   */
  strangersAt(key: SpanKey, most: number): string | null;
  /**
   * Returns the nodes that have this token (a message, an id or a soft token). Returns none if the
   * token is worthless, which means that it identifies nothing.
   */
  sharing(token: string): Sharing;
  /**
   * Returns the send and create spans among the nodes that share the token. They are listed apart
   * because a message may have many consumers.
   */
  sendsOf(token: string): Sharing;
  /** Adds a span. Its key must not be in the graph yet. */
  add(span: Span, placeholder: readonly KnownCause[] | null): Node;
  /**
   * Returns the nodes whose parent edge was cut since the last call, because that edge closed a
   * ring. The causes of these nodes change.
   */
  takeCut(): readonly Node[];
  remove(node: Node): void;
  /**
   * Returns whether spans that share the token may belong to the same message or flow. Check this
   * before using a token, in memory (`sharing` and `sendsOf` do) and in the store: a token that
   * connects nothing must not enlarge a dependency closure.
   */
  identifies(token: string): boolean;
  /**
   * Marks the token as identifying nothing. `atMs` is when the last span with the token was
   * received, ms.
   */
  discard(token: string, atMs: number): void;
  readonly worthless: number;
  nodes(): IterableIterator<Node>;
}

const NOBODY: readonly Node[] = [];
/**
 * Maximum length of lists that are arrays. An array is replaced when it changes, but takes only a
 * fraction of the memory of a set. Most tokens are shared by few nodes. Longer lists are sets,
 * because thousands of nodes may wait for one parent.
 */
const MAX_LISTED = 8;

export function createGraph(): Graph {
  const nodes = new Map<SpanKey, Node>();
  const waiting: Tokens = new Map();
  /** Consumers with links, by the key of their absent parent, which looks like a poll. */
  const polled: Tokens = new Map();
  const absent = createAbsent();
  const tokens: Tokens = new Map();
  const sends: Tokens = new Map();
  let cut: readonly Node[] = NOBODY;
  const worthless = createWorthless();

  const attach = (node: Node, parent: Node): void => {
    const edge = attachParent(node, parent);
    if (edge !== null) cut = [...cut, edge];
  };

  const waitFor = (key: SpanKey, node: Node): void => {
    const others = waiting.get(key);
    if (others === undefined) waiting.set(key, [node]);
    else if (!has(others, node)) {
      absent.named(key, node, others);
      share(waiting, key, node);
    }
  };
  const waitNoMore = (key: SpanKey, node: Node): void => {
    const known = waiting.get(key);
    if (known === undefined || !has(known, node)) return;
    absent.unnamed(key, node);
    unshare(waiting, key, node);
    if (countOf(waiting.get(key) ?? NOBODY) < 2) absent.forget(key);
  };
  const waitForParent = (node: Node): void => {
    const { span } = node;
    waitFor(span.parent, node);
    if (isPolled(span)) share(polled, span.parent, node);
    announced.join(node);
  };
  const announced = createAnnounced({
    waitingFor: (key) => waiting.get(key) ?? NOBODY,
    attach,
    detach: detachParent,
  });

  const connect = (node: Node): void => {
    const { span } = node;
    const up = span.parent;
    // With children of the event that stood in for this span, parents could seem to form a ring.
    announced.giveWay(span.key);
    if (up !== '') {
      const parent = nodes.get(up);
      if (parent) {
        // Child and parent share one string for the key, so that it is stored and hashed once.
        span.parent = parent.span.key;
        attach(node, parent);
      } else waitForParent(node);
    }
    for (const link of span.links) {
      const target = nodes.get(link);
      if (target) addLink(node, target);
      else waitFor(link, node);
    }
    const referrers = waiting.get(span.key);
    if (referrers !== undefined) {
      waiting.delete(span.key);
      polled.delete(span.key);
      absent.forget(span.key);
      for (const prefix of [POLLED, REFERRER]) worthless.delete(prefix + span.key);
      for (const other of referrers) {
        if (other.span.parent === span.key && other !== node && other.parent === null)
          attach(other, node);
        if (other.span.links.includes(span.key)) addLink(other, node);
      }
    }
    for (const token of sharedTokens(span))
      if (worthless.has(token)) worthless.add(token, span.receivedAtMs);
      else share(tokens, token, node);
    if (isSend(span.role))
      for (const token of messageTokens(span)) if (!worthless.has(token)) share(sends, token, node);
  };

  const looksPolled = (key: SpanKey): boolean =>
    (polled.size > 0 && polled.has(key)) || (worthless.size > 0 && worthless.has(POLLED + key));
  const placeOf = (key: SpanKey): Place => {
    if (looksPolled(key)) return NO_PLACE;
    const place = absent.placeOf(key);
    return place.takers && worthless.has(REFERRER + key) ? { ...place, takers: false } : place;
  };

  return {
    get size() {
      return nodes.size;
    },
    get: (key) => nodes.get(key),
    waitingFor: (key) => waiting.get(key) ?? NOBODY,
    looksPolled,
    placeOf,
    strangersAt(key, most) {
      if (absent.countOf(key) <= most) return null;
      return polled.has(key) ? POLLED + key : absent.isMixed(key) ? REFERRER + key : null;
    },
    sharing: (token) => tokens.get(token) ?? NOBODY,
    sendsOf: (token) => sends.get(token) ?? NOBODY,
    identifies: (token) => !worthless.has(token),
    discard(token, atMs) {
      worthless.add(token, atMs);
      tokens.delete(token);
      sends.delete(token);
    },
    get worthless() {
      return worthless.size;
    },
    nodes: () => nodes.values(),
    takeCut() {
      const taken = cut;
      cut = NOBODY;
      return taken;
    },
    add(span, placeholder) {
      const node = alone(span, placeholder);
      nodes.set(span.key, node);
      connect(node);
      return node;
    },
    remove(node) {
      const { span } = node;
      if (nodes.get(span.key) !== node) return;
      nodes.delete(span.key);
      const up = span.parent;
      const { parent } = node;
      if (parent !== null) detachParent(node);
      // The parent is absent, though a log event may stand in for it (`announced.ts`).
      if (up !== '' && parent?.span.key !== up) {
        waitNoMore(up, node);
        unshare(polled, up, node);
      }
      announced.remove(node);
      for (const link of span.links) {
        const target = nodes.get(link);
        if (target === undefined) waitNoMore(link, node);
        else withoutNode(target.linkers, node);
      }
      for (const child of node.children) {
        child.parent = null;
        waitForParent(child);
      }
      for (const linker of node.linkers) {
        withoutNode(linker.linkedSends, node);
        if (linker !== node) waitFor(span.key, linker);
      }
      node.children = NOBODY;
      node.linkers = NOBODY;
      node.linkedSends = NOBODY;
      for (const token of sharedTokens(span)) unshare(tokens, token, node);
      if (isSend(span.role)) for (const token of messageTokens(span)) unshare(sends, token, node);
    },
  };
}

/** Returns a node without any neighbours. */
const alone = (span: Span, placeholder: readonly KnownCause[] | null): Node => ({
  span,
  parent: null,
  children: NOBODY,
  linkers: NOBODY,
  linkedSends: NOBODY,
  tree: null,
  flowKey: '',
  shared: placeholder !== null,
  cycle: false,
  placeholder,
  persistedAsUnattributed: null,
});

type Tokens = Map<string, readonly Node[] | Set<Node>>;
const has = (sharing: readonly Node[] | Set<Node>, node: Node): boolean =>
  sharing instanceof Set ? sharing.has(node) : sharing.includes(node);

function share(tokens: Tokens, token: string, node: Node): void {
  const known = tokens.get(token);
  if (known === undefined) tokens.set(token, [node]);
  else if (known instanceof Set) known.add(node);
  else if (!known.includes(node))
    tokens.set(token, known.length < MAX_LISTED ? [...known, node] : new Set([...known, node]));
}
function unshare(tokens: Tokens, token: string, node: Node): void {
  const known = tokens.get(token);
  if (known === undefined) return;
  const left = known instanceof Set ? known : known.filter((other) => other !== node);
  if (left instanceof Set) left.delete(node);
  if (countOf(left) === 0) tokens.delete(token);
  else tokens.set(token, left);
}

/** Visits every node that a parent or link connects to this node, in either direction. */
export function forEachNeighbour(node: Node, graph: Graph, meet: (other: Node) => void): void {
  if (node.parent) meet(node.parent);
  for (const child of node.children) meet(child);
  for (const linker of node.linkers) meet(linker);
  for (const link of node.span.links) {
    const target = graph.get(link);
    if (target && target !== node) meet(target);
  }
}
