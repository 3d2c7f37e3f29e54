import type { Flow, FlowChange, FlowView, KnownCause } from '../../model/flow.ts';
import type { FlowFigures } from '../../model/flow-figures.ts';
import type { FlowPosition, FlowSearch } from '../../model/search.ts';
import type { StoredSpan } from './evidence.ts';

export interface FlowWriter {
  /** Inserts rows of flows. `upToBatch` is the last batch of spans that these rows include. */
  insertFlows(
    changes: readonly FlowChange[],
    upToBatch: number,
    settlesAt: (flow: Flow) => number,
  ): Promise<void>;
}

/** Reads flows for people: lists of flows, single flows, and the raw spans of one flow. */
export interface FlowReader {
  /**
   * True if the last read of raw spans, or of services, missed acknowledged records, because the
   * engine could not insert these records yet.
   */
  readonly isBehind: boolean;
  listFlows(search: FlowSearch): Promise<FlowPage>;
  /**
   * Finds flows by an id, former id, explicit id, business key, trace, span or message id. Returns
   * the ids of the flows, newest flow first.
   */
  findFlow(name: string): Promise<string[]>;
  getFlow(id: string): Promise<FlowRow | null>;
  /** Returns the raw spans of a flow, oldest first. */
  spansOf(id: string, limit: number): Promise<FlowSpans>;
  /** Returns the raw spans of several flows by the ids of the flows, each oldest first. */
  spansOfFlows(ids: readonly string[]): Promise<Map<string, StoredSpan[]>>;
}

/**
 * Reads the flows that the server resumes after a start: the flows that are open, await something
 * or have findings.
 */
export interface FlowScanner {
  /**
   * Yields open flows, and ended flows that still await something, in blocks. `settlesAtMs` is 0 if
   * something is still awaited; `lookAtMs` is 0 if no re-evaluation of the flow is due.
   */
  openFlows(): AsyncIterable<{ id: string; type: string; settlesAtMs: number; lookAtMs: number }[]>;
  /** Yields summaries of the flows with findings, in blocks. */
  flowsWithFindings(): AsyncIterable<Flow[]>;
  /** Returns summaries of these flows, in the form in which `listFlows` returns them. */
  flowsByIds(ids: readonly string[]): Promise<FlowPage['items']>;
}

/** Finds flows and unattributed spans by their names (`model/names.ts`). */
export interface NameIndex {
  /**
   * Returns names as hashes (`base/name-hash.ts`). Of open flows, all names are returned. Of other
   * flows, about `most` names are returned, namely those that were received last. ORIGIN names are
   * left out, because the trace of each such name is among the hashes. Worthless tokens are passed
   * to `onWorthless` in plain text. `all` is true if no flow was left out.
   */
  names(
    most: number,
    onWorthless?: (tokens: string[]) => void,
  ): Promise<{ all: boolean; hashes: AsyncIterable<Buffer> }>;
  /** Returns the names of open flows only, as hashes. */
  namesOfOpenFlows(): AsyncIterable<Buffer>;
  /**
   * Loads flows and unattributed spans that have one of these names, together with their spans. A
   * name is either the name of a span, or a token.
   */
  loadByNames(names: readonly string[], bound?: LoadBound): Promise<StoredFlow[]>;
  /**
   * Loads flows and unattributed spans by id. For the id of a tombstone, loads the flow that
   * replaced it.
   */
  loadByIds(ids: readonly string[]): Promise<StoredFlow[]>;
}

/** Limits a load by names to `most` flows for each token. */
export interface LoadBound {
  most: number;
  /** Called with each token that has `most` flows or more. */
  onCut(token: string): void;
}

/**
 * A flow as it is stored. `timelineComputedMs` is the time when the flow's timeline was computed,
 * epoch ms.
 */
export interface FlowRow extends FlowView {
  timelineComputedMs: number;
}

export interface FlowPage {
  /**
   * Summaries of flows. Their lists of steps and hops are empty, and `FlowFigures` tells what is
   * shown of them.
   */
  items: (FlowRow & FlowFigures)[];
  total: number;
  /** Position where the next page begins; null if this is the last page. */
  next: FlowPosition | null;
}

export interface FlowSpans {
  items: StoredSpan[];
  total: number;
  /**
   * True if some records of the flow are gone, because of their age or with a broken part of the
   * table.
   */
  incomplete: boolean;
}

export interface StoredFlow {
  id: string;
  version: number;
  members: StoredSpan[];
  /** Causes of an unattributed span; empty for a flow. */
  causes: KnownCause[];
}
