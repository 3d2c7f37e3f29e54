import { ORIGIN, REFERRER, SPAN, TOKEN, TRACE } from '../model/names.ts';
import { traceIdOf, type Span, type SpanKey } from '../model/span.ts';
import type { Assembler } from './assembler.ts';
import { createDeparted } from './departed.ts';
import { countOf, mayNameFlow, sharedTokens, type Node } from './graph.ts';

/**
 * What is only in the store, by name: what has to be brought back before spans that touch it can be added. Names that left
 * memory are remembered in a filter; what was asked for is not asked for again until it leaves once more.
 */
export interface Away {
  /** Names of flows that these spans touch, or the spans that were loaded with them; none: all is here. */
  missing(spans: readonly Span[], loaded: readonly Span[]): string[];
  /** The store was asked for these. */
  asked(names: readonly string[]): void;
  /** A span leaves memory: remembers under which names it is found again (`rowTokens`, and its trace). */
  depart(node: Node): void;
  /** A span was loaded: what decides together with it is in the store, too, even if its names were forgotten. */
  loaded(span: Span): void;
  remember(hashes: Buffer): void;
  startForgetting(): void;
  forget(): void;
  /** Names that departed were forgotten. */
  readonly forgets: boolean;
  readonly remembersTooMuch: boolean;
  readonly mostRemembered: number;
  readonly size: number;
}

const MOST_CHECKED = 200_000;

export function createAway(
  { graph, stubsAround }: Pick<Assembler, 'graph' | 'stubsAround'>,
  lines: readonly number[] | undefined,
): Away {
  const departed = createDeparted(lines);
  const checked = new Set<string>();
  let forgets = false;

  const uncheck = (prefix: string, text: string): void => {
    if (checked.size > 0) checked.delete(prefix + text);
  };
  const departAs = (prefix: string, text: string): void => {
    departed.add(prefix, text);
    uncheck(prefix, text);
  };

  return {
    missing(spans, loaded) {
      if (departed.size === 0) return [];
      const names = new Set<string>();
      const ask = (prefix: string, text: string): void => {
        if (departed.has(prefix, text) && !checked.has(prefix + text)) names.add(prefix + text);
      };
      /** Spans of one trace often come together. */
      let trace = '';
      let traceDeparted = false;
      const hasDeparted = (traceId: string): boolean => {
        if (traceId !== trace) traceDeparted = departed.has(TRACE, (trace = traceId));
        return traceDeparted;
      };
      const askSpan = (key: SpanKey, traceId: string): boolean => {
        if (!hasDeparted(traceId) || checked.has(SPAN + key)) return false;
        names.add(SPAN + key);
        return true;
      };
      const askOrigin = (traceId: string): void => {
        if (hasDeparted(traceId) && !checked.has(ORIGIN + traceId)) names.add(ORIGIN + traceId);
      };
      const surroundings = (span: Span): void => {
        const parent = span.parent;
        if (!hasDeparted(span.traceId)) {
          if (parent !== '' && departed.has(REFERRER, parent) && !graph.get(parent)) ask(REFERRER, parent);
        } else if (graph.get(parent) === undefined && (parent === '' || !askSpan(parent, span.traceId))) {
          if (parent !== '') ask(REFERRER, parent);
          if (mayNameFlow(span) || parent === span.key) askOrigin(span.traceId);
        } else if (graph.get(span.key)?.cycle || countOf(graph.waitingFor(span.key)) > 0)
          askOrigin(span.traceId); // A ring is cut somewhere.
        for (const link of span.links) {
          const traceId = traceIdOf(link);
          if (hasDeparted(traceId) && !graph.get(link)) askSpan(link, traceId);
        }
        ask(REFERRER, span.key);
        for (const token of sharedTokens(span)) ask(TOKEN, token);
      };
      for (const span of spans) {
        // The filter first: a look into the graph costs more, and few traces are only in the store.
        if (hasDeparted(span.traceId) && !graph.get(span.key)) askSpan(span.key, span.traceId);
        surroundings(span);
        for (const stub of stubsAround(span)) surroundings(stub.span);
      }
      for (const span of loaded) surroundings(span);
      return [...names];
    },
    asked(names) {
      if (checked.size > MOST_CHECKED) checked.clear();
      for (const name of names) checked.add(name);
    },
    depart(node) {
      const { span } = node;
      uncheck(SPAN, span.key);
      for (const token of sharedTokens(span)) departAs(TOKEN, token);
      for (const link of span.links) {
        departAs(REFERRER, link);
        uncheck(SPAN, link);
      }
      if (node.parent !== null && node.parent.flowKey === node.flowKey && node.flowKey !== '') return;
      departed.add(TRACE, span.traceId);
      const { parent } = span;
      uncheck(ORIGIN, span.traceId);
      if (parent !== '') {
        departAs(REFERRER, parent);
        uncheck(SPAN, parent);
      }
    },
    loaded(span) {
      if (!forgets) return;
      departed.add(TRACE, span.traceId);
      departed.add(REFERRER, span.key);
      if (span.parent !== '') departed.add(REFERRER, span.parent);
      for (const link of span.links) departed.add(TRACE, traceIdOf(link));
      for (const token of sharedTokens(span)) departed.add(TOKEN, token);
    },
    remember: (hashes) => departed.addHashes(hashes),
    startForgetting: () => departed.startForgetting(),
    forget() {
      departed.forget();
      forgets = true;
    },
    get forgets() {
      return forgets;
    },
    get remembersTooMuch() {
      return departed.isCrowded;
    },
    mostRemembered: departed.most,
    get size() {
      return departed.size;
    },
  };
}
