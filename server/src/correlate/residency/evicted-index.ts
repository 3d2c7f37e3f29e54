import {
  ANNOUNCED,
  ORIGIN,
  POLLED,
  REFERRER,
  SPAN,
  TAKEN,
  TOKEN,
  TRACE,
} from '../../model/names.ts';
import { traceIdOf, type Span, type SpanKey } from '../../model/span.ts';
import { asksOrphans, asksTakers } from '../graph/absent.ts';
import { createEvictedNamesFilter } from './evicted-names-filter.ts';
import type { Graph, Node } from '../graph/index.ts';
import { isAnnouncement, isSend } from '../../model/roles.ts';
import { idToken, isCounted, mayNameFlow, messageTokens, softTokens } from '../../model/keys.ts';

/**
 * The evicted index tells which names may belong to spans that are only in the store, so that these
 * spans are rehydrated before spans that affect them are added. A filter holds the names of evicted
 * spans. After the store was asked for a name, it is not asked for that name again until a span
 * with the name is evicted.
 */
export interface EvictedIndex {
  /**
   * Returns the names to ask the store for. They are names of these spans, and of placeholders
   * around them, under which the store may have spans that are not in memory.
   */
  missing(spans: readonly Span[], loaded: readonly Span[], here: Here): string[];
  /** Records that all spans which the store has under these names are in memory. */
  asked(names: Iterable<string>): void;
  /**
   * Registers a set of names for which the store is being asked. A name that is evicted meanwhile
   * is removed from the set, because the store has to be asked for it again.
   */
  begin(asked: Set<string>): void;
  end(asked: Set<string>): void;
  /** Records the names of an evicted span: the names in its row (`rowTokens`), and its trace. */
  add(node: Node): void;
  /**
   * Records the names of the closure of a loaded span. This closure is in the store too, but a
   * rotation may have dropped its names from the filter.
   */
  loaded(span: Span): void;
  addToFilter(hashes: Buffer): void;
  beginRotation(): void;
  rotateFilter(): void;
  /** True once a rotation has dropped names of evicted spans. */
  readonly forgets: boolean;
  readonly isFilterFull: boolean;
  readonly filterCapacity: number;
  readonly size: number;
}

/** A view of the spans that are in memory or about to be loaded. */
export interface Here {
  get(key: SpanKey): Node | undefined;
  /**
   * Returns whether an earlier span refers to the span with this key, which was absent at that
   * time.
   */
  isReferredTo(key: SpanKey): boolean;
  placeholdersAround(span: Span): readonly Node[];
  wasAsked(name: string): boolean;
}

const MAX_CHECKED = 200_000;

export function createEvictedIndex(
  { identifies }: Pick<Graph, 'identifies'>,
  lines: readonly number[] | undefined,
): EvictedIndex {
  const evicted = createEvictedNamesFilter(lines);
  const checked = new Set<string>();
  const asking = new Set<Set<string>>();
  let forgets = false;

  const uncheck = (prefix: string, text: string): void => {
    if (checked.size > 0) checked.delete(prefix + text);
    for (const names of asking) names.delete(prefix + text);
  };
  const evictAs = (prefix: string, text: string): void => {
    evicted.add(prefix, text);
    uncheck(prefix, text);
  };
  /** Visits the names by which a span is matched, besides parent and links (see `rowTokens`). */
  const named = (span: Span, tell: (prefix: string, text: string) => void): void => {
    for (const token of messageTokens(span)) tell(isSend(span.role) ? TOKEN : TAKEN, token);
    for (const token of softTokens(span)) tell(TOKEN, token);
    const id = idToken(span);
    if (id !== '') tell(TOKEN, id);
  };

  return {
    missing(spans, loaded, here) {
      if (evicted.size === 0) return [];
      const names = new Set<string>();
      const isNew = (name: string): boolean => !checked.has(name) && !here.wasAsked(name);
      const ask = (prefix: string, text: string): void => {
        if (evicted.has(prefix, text) && isNew(prefix + text)) names.add(prefix + text);
      };
      /** Last trace looked up in the filter. Spans of one trace often arrive together. */
      let trace = '';
      let traceDeparted = false;
      const isEvicted = (traceId: string): boolean => {
        if (traceId !== trace) traceDeparted = evicted.has(TRACE, (trace = traceId));
        return traceDeparted;
      };
      const askSpan = (key: SpanKey, traceId: string): boolean => {
        if (!isEvicted(traceId) || !isNew(SPAN + key)) return false;
        names.add(SPAN + key);
        return true;
      };
      const askOrigin = (traceId: string): void => {
        if (isEvicted(traceId) && isNew(ORIGIN + traceId)) names.add(ORIGIN + traceId);
      };
      const askShared = (span: Span): void => {
        for (const token of messageTokens(span)) {
          if (!identifies(token)) continue;
          const sent = isSend(span.role);
          if (sent) ask(TAKEN, token);
          // A send with a counted id needs only its consumers. With another id, sends are asked for
          // too, because rows of earlier versions have consumers as `TOKEN`.
          if (!sent || !isCounted(span.message!.id)) ask(TOKEN, token);
        }
        for (const token of softTokens(span)) if (identifies(token)) ask(TOKEN, token);
        const id = idToken(span);
        if (id !== '') ask(TOKEN, id);
      };
      const askOrphans = (span: Span): void => {
        for (const prefix of asksOf(span, identifies)) ask(prefix, span.parent);
      };
      const surroundings = (span: Span): void => {
        const parent = span.parent;
        if (!isEvicted(span.traceId)) {
          if (parent !== '' && evicted.has(REFERRER, parent) && !here.get(parent)) askOrphans(span);
        } else if (
          here.get(parent) === undefined &&
          (parent === '' || !askSpan(parent, span.traceId))
        ) {
          askOrphans(span);
          if (parent === span.key || mayNameFlow(span)) askOrigin(span.traceId);
        } else if (here.get(span.key)?.cycle || here.isReferredTo(span.key))
          askOrigin(span.traceId); // A ring of parents is cut somewhere in this trace.
        for (const link of span.links) {
          const traceId = traceIdOf(link);
          if (here.get(link) !== undefined) continue;
          if (isEvicted(traceId)) askSpan(link, traceId);
          // Other evicted consumers may have taken a message from the same absent span.
          if (asksTakers(span, link) && identifies(REFERRER + link)) ask(REFERRER, link);
        }
        ask(REFERRER, span.key);
        askShared(span);
      };
      for (const span of spans) {
        // The filter is asked before the graph, because a lookup in the graph costs more, and few
        // traces are only in the store.
        if (isEvicted(span.traceId) && !here.get(span.key)) askSpan(span.key, span.traceId);
        surroundings(span);
        for (const placeholder of here.placeholdersAround(span)) surroundings(placeholder.span);
      }
      for (const span of loaded) surroundings(span);
      return [...names];
    },
    asked(names) {
      if (checked.size > MAX_CHECKED) checked.clear();
      for (const name of names) checked.add(name);
    },
    begin: (asked) => void asking.add(asked),
    end: (asked) => void asking.delete(asked),
    add(node) {
      const { span } = node;
      uncheck(SPAN, span.key);
      named(span, evictAs);
      for (const link of span.links) {
        evictAs(REFERRER, link);
        uncheck(SPAN, link);
      }
      if (node.parent !== null && node.parent.flowKey === node.flowKey && node.flowKey !== '')
        return;
      evicted.add(TRACE, span.traceId);
      const { parent } = span;
      uncheck(ORIGIN, span.traceId);
      if (parent !== '') {
        for (const prefix of prefixesOf(span)) evictAs(prefix, parent);
        uncheck(SPAN, parent);
      }
    },
    loaded(span) {
      if (!forgets) return;
      evicted.add(TRACE, span.traceId);
      evicted.add(REFERRER, span.key);
      for (const prefix of prefixesOf(span)) evicted.add(prefix, span.parent);
      for (const link of span.links) evicted.add(TRACE, traceIdOf(link));
      named(span, (prefix, text) => evicted.add(prefix, text));
      for (const token of messageTokens(span))
        evicted.add(isSend(span.role) ? TAKEN : TOKEN, token);
    },
    addToFilter: (hashes) => evicted.addHashes(hashes),
    beginRotation: () => evicted.beginRotation(),
    rotateFilter() {
      evicted.rotate();
      forgets = true;
    },
    get forgets() {
      return forgets;
    },
    get isFilterFull() {
      return evicted.isCrowded;
    },
    filterCapacity: evicted.most,
    get size() {
      return evicted.size;
    },
  };
}

/**
 * Returns the prefixes of the names to ask for if the span's parent is absent. The log event that
 * announces the parent is always asked for; the parent's other children are asked for only if the
 * span's flow depends on them.
 */
const asksOf = (span: Span, identifies: (token: string) => boolean): readonly string[] =>
  isAnnouncement(span) || (asksOrphans(span) && identifies(POLLED + span.parent))
    ? [REFERRER, ANNOUNCED]
    : [ANNOUNCED];
/** Returns the prefixes of the names under which an evicted span is found by its parent's key. */
function prefixesOf(span: Span): readonly string[] {
  if (span.parent === '') return [];
  return isAnnouncement(span) ? [REFERRER, ANNOUNCED] : [REFERRER];
}
