import type { KnownCause } from '../../model/flow.ts';
import { compareDuplicates, type Span, type SpanKey } from '../../model/span.ts';
import type { Assembler } from '../membership/index.ts';
import type { EvictedIndex } from './evicted-index.ts';
import { concernedBy } from '../graph/causes.ts';
import { countOf, createGraph, type Graph, type Node } from '../graph/index.ts';
import { isBatchConsumer, isConsumer } from '../../model/roles.ts';

/** A flow, or an unattributed span, as the store has it. */
export interface StoredFlowSpans {
  id: string;
  version: number;
  members: Span[];
  /** Of an unattributed span. */
  causes: KnownCause[];
}

/**
 * What spans need of the store before they are added: the flows that they touch, and what decides
 * together with those. It is kept aside until all of it is there: brought into memory piece by
 * piece, whoever is added meanwhile would be joined to half a flow.
 */
export interface Reload {
  /** What the store has to be asked for now, by name; none: all is there. */
  missing(): string[];
  /** What it has under them. */
  found(flows: readonly StoredFlowSpans[]): void;
  /** Flows that were found. */
  readonly size: number;
  /** Everything that was found; it is in memory from now on. */
  take(): Iterable<StoredFlowSpans>;
  /** The store was not asked for these after all. */
  skip(names: readonly string[]): void;
  /** Nothing comes of it. */
  giveUp(): void;
}

/** Shared, by what was known when what surrounds it left; null: whole. */
export const placeholderOf = (
  { id, causes }: StoredFlowSpans,
  span: Span,
): readonly KnownCause[] | null => (isUnattributed(id) && isBatchConsumer(span) ? causes : null);

export const isUnattributed = (id: string): boolean => id.startsWith(UNATTRIBUTED);
/**
 * A row that no list shows: under which names to find a span that belongs to no flow. Never
 * changes.
 */
export const UNATTRIBUTED = '~';

export function createReload(
  spans: readonly Span[],
  { graph, placeholdersAround }: Pick<Assembler, 'graph' | 'placeholdersAround'>,
  evictedIndex: EvictedIndex,
): Reload {
  const asked = new Set<string>();
  const flows = new Map<string, StoredFlowSpans>();
  /** Of what was found, those whose surroundings have to be there too. */
  const whole: Span[] = [];
  const placeholders: Node[] = [];
  let aside: Graph | null = null;

  const get = (key: SpanKey): Node | undefined => graph.get(key) ?? aside?.get(key);
  const isReferredTo = (key: SpanKey): boolean =>
    countOf(graph.waitingFor(key)) > 0 || (aside !== null && countOf(aside.waitingFor(key)) > 0);

  /** The shared span, if any, that this one lies under, be it here or aside. */
  const stubAbove = (from: Node): Node | null => {
    let node: Node | undefined = from;
    for (let far = 0; node !== undefined && far < MAX_PLACEHOLDER_DISTANCE; far++) {
      if (node.placeholder !== null) return node;
      if (isConsumer(node.span.role) || node.span.parent === '') return null;
      node = node.parent ?? get(node.span.parent);
    }
    return null;
  };
  const stubsAroundAny = (span: Span): readonly Node[] => {
    if (placeholders.length === 0) return placeholdersAround(span);
    const found = new Set<Node>(placeholdersAround(span));
    const meet = (node: Node | undefined): void => {
      const placeholder = node && stubAbove(node);
      if (placeholder) found.add(placeholder);
    };
    for (const key of [span.key, span.parent, ...span.links]) meet(get(key));
    for (const one of [graph, aside!]) {
      for (const other of one.waitingFor(span.key)) meet(other);
      const known = one.get(span.key);
      for (const other of known === undefined ? [] : [...known.children, ...known.linkers])
        meet(other);
      concernedBy(span, one, meet);
    }
    return [...found];
  };
  /** Of spans with one key the greater counts, as in memory. */
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
        placeholdersAround: stubsAroundAny,
        wasAsked: (name) => asked.has(name),
      });
      // What departs while the store answers is not among what it had.
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
      // It changed and left again while the store was asked: what it had then may be elsewhere now.
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
