import type { KnownCause } from '../../model/flow.ts';
import { compareDuplicates, type Span, type SpanKey } from '../../model/span.ts';
import type { Assembler } from '../membership/index.ts';
import type { EvictedIndex } from './evicted-index.ts';
import { concernedBy } from '../graph/causes.ts';
import { countOf, createGraph, type Graph, type Node } from '../graph/index.ts';
import { isBatchConsumer, isConsumer } from '../../model/roles.ts';

/** A flow, or an unattributed span, as read from the store. */
export interface StoredFlowSpans {
  id: string;
  version: number;
  members: Span[];
  /** Recorded causes, if this is an unattributed span. */
  causes: KnownCause[];
}

/**
 * A reload collects what has to be read from the store before spans are added: the flows that the
 * spans affect, with the dependency closures of these flows. Found flows are kept aside and loaded
 * into memory together. If they were loaded piece by piece, a span added in between would join only
 * a part of a flow.
 */
export interface Reload {
  /** Returns the names to ask the store for next; none when everything has been found. */
  missing(): string[];
  /** Receives the flows that the store has under the names returned by `missing`. */
  found(flows: readonly StoredFlowSpans[]): void;
  /** Number of flows found. */
  readonly size: number;
  /** Ends the reload and returns all flows found; the caller loads them into memory. */
  take(): Iterable<StoredFlowSpans>;
  /** Withdraws names returned by `missing` for which the store is not asked after all. */
  skip(names: readonly string[]): void;
  /** Abandons the reload, so that nothing is loaded. */
  giveUp(): void;
}

/**
 * Returns the recorded causes of a shared batch consumer, which is loaded as a placeholder. Returns
 * null for any other span, which is loaded with its surroundings.
 */
export const placeholderOf = (
  { id, causes }: StoredFlowSpans,
  span: Span,
): readonly KnownCause[] | null => (isUnattributed(id) && isBatchConsumer(span) ? causes : null);

export const isUnattributed = (id: string): boolean => id.startsWith(UNATTRIBUTED);
/**
 * Prefix of the row id of an unattributed span. Lists of flows do not show such rows. They exist
 * only so that the span is found by its names.
 */
export const UNATTRIBUTED = '~';

export function createReload(
  spans: readonly Span[],
  { graph, placeholdersAround }: Pick<Assembler, 'graph' | 'placeholdersAround'>,
  evictedIndex: EvictedIndex,
): Reload {
  const asked = new Set<string>();
  const flows = new Map<string, StoredFlowSpans>();
  /** Found spans whose neighbours (parents, links, shared names) have to be found too. */
  const whole: Span[] = [];
  const placeholders: Node[] = [];
  let aside: Graph | null = null;

  const get = (key: SpanKey): Node | undefined => graph.get(key) ?? aside?.get(key);
  const isReferredTo = (key: SpanKey): boolean =>
    countOf(graph.waitingFor(key)) > 0 || (aside !== null && countOf(aside.waitingFor(key)) > 0);

  /** Returns the placeholder above this span, in memory or kept aside; null if there is none. */
  const placeholderAbove = (from: Node): Node | null => {
    let node: Node | undefined = from;
    for (let far = 0; node !== undefined && far < MAX_PLACEHOLDER_DISTANCE; far++) {
      if (node.placeholder !== null) return node;
      if (isConsumer(node.span.role) || node.span.parent === '') return null;
      node = node.parent ?? get(node.span.parent);
    }
    return null;
  };
  const placeholdersAroundAny = (span: Span): readonly Node[] => {
    // A span that was kept aside may lead to a placeholder in memory.
    if (aside === null) return placeholdersAround(span);
    const found = new Set<Node>(placeholdersAround(span));
    const meet = (node: Node | undefined): void => {
      const placeholder = node && placeholderAbove(node);
      if (placeholder) found.add(placeholder);
    };
    for (const key of [span.key, span.parent, ...span.links]) meet(get(key));
    for (const one of [graph, aside]) {
      for (const other of one.waitingFor(span.key)) meet(other);
      const known = one.get(span.key);
      for (const other of known === undefined ? [] : [...known.children, ...known.linkers])
        meet(other);
      concernedBy(span, one, meet);
    }
    return [...found];
  };
  /** Keeps a found span aside. Of two duplicates the greater (`compareDuplicates`) is kept. */
  const putAside = (span: Span, placeholder: readonly KnownCause[] | null): void => {
    aside ??= createGraph();
    const known = aside.get(span.key);
    if (known !== undefined) {
      if (
        placeholder !== null ||
        (known.placeholder === null && compareDuplicates(span, known.span) <= 0)
      )
        return;
      aside.remove(known);
    }
    const node = aside.add(span, placeholder);
    if (placeholder !== null) placeholders.push(node);
  };

  const putFlowAside = (flow: StoredFlowSpans): void => {
    for (const span of flow.members) {
      const known = get(span.key);
      const placeholder = placeholderOf(flow, span);
      evictedIndex.loaded(span);
      if (graph.get(span.key) === undefined) putAside(span, placeholder);
      if (placeholder === null && (known === undefined || known.placeholder !== null))
        whole.push(span);
    }
  };
  const startAgain = (): void => {
    asked.clear();
    whole.length = 0;
    placeholders.length = 0;
    aside = null;
    for (const flow of flows.values()) putFlowAside(flow);
  };

  return {
    missing() {
      const names = evictedIndex.missing(spans, whole, {
        get,
        isReferredTo,
        placeholdersAround: placeholdersAroundAny,
        wasAsked: (name) => asked.has(name),
      });
      // Names that are evicted while the store answers have to be asked for again, because the
      // answer may not contain their spans.
      if (names.length > 0) evictedIndex.begin(asked);
      for (const name of names) asked.add(name);
      return names;
    },
    found(stored) {
      let isOutdated = false;
      for (const flow of stored) {
        const known = flows.get(flow.id);
        if (known !== undefined && known.version >= flow.version) continue;
        flows.set(flow.id, flow);
        isOutdated ||= known !== undefined;
        if (!isOutdated) putFlowAside(flow);
      }
      // If a flow is found in a newer version, it changed and was evicted again while the store was
      // asked. Spans that an earlier answer contained may be elsewhere now, so everything found is
      // put aside anew.
      if (isOutdated) startAgain();
    },
    get size() {
      return flows.size;
    },
    take() {
      evictedIndex.end(asked);
      evictedIndex.asked(asked);
      return flows.values();
    },
    skip(names) {
      for (const name of names) asked.delete(name);
    },
    giveUp: () => evictedIndex.end(asked),
  };
}
const MAX_PLACEHOLDER_DISTANCE = 10_000;
