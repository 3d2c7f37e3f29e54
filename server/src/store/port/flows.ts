import type { Flow, FlowChange, FlowView, KnownCause, Relation } from '../../model/flow.ts';
import type { FlowFigures } from '../../model/flow-figures.ts';
import type { FlowPosition, FlowSearch } from '../../model/search.ts';
import type { StoredSpan } from './evidence.ts';

export interface FlowWriter {
  /** Inserts rows of flows. `upToBatch` is the last batch of spans that the flows include. */
  insertFlows(
    changes: readonly FlowChange[],
    upToBatch: number,
    settlesAt: (flow: Flow) => number,
  ): Promise<void>;
}

/** Reads flows for people: lists of flows, single flows, and the raw spans of one flow. */
export interface FlowReader {
  /**
   * True if the last read of raw spans or services missed acknowledged records, because the engine
   * had not been able to insert them.
   */
  readonly isBehind: boolean;
  listFlows(search: FlowSearch): Promise<FlowPage>;
  /**
   * Finds flows by an id, former id, explicit id, business key, trace, span or message id. Returns
   * the ids of the flows, newest flow first.
   */
  findFlow(name: string): Promise<string[]>;
  getFlow(id: string): Promise<FlowRow | null>;
  /** Returns the parent and the children of a flow, which its own row does not hold. */
  familyOf(flow: Flow): Promise<Relation[]>;
  /** Returns the flows that share a business key with a flow. */
  sharingOf(flow: Flow): Promise<Relation[]>;
  /** Returns the raw spans of a flow, oldest first. */
  spansOf(id: string, limit: number): Promise<FlowSpans>;
  /**
   * Returns the raw spans of several flows, by flow id. The spans of each flow are sorted from the
   * oldest to the newest.
   */
  spansOfFlows(ids: readonly string[]): Promise<Map<string, StoredSpan[]>>;
}

/**
 * Reads the flows that the server resumes after a start: the flows that are open, await something
 * or have findings.
 */
export interface FlowScanner {
  /**
   * Yields flows that are open or await something, in blocks. `settlesAtMs` is the time when the
   * flow counts as ended if it stays idle; 0 if idleness does not end it. `lookAtMs` is 0 if the
   * flow needs no re-evaluation.
   */
  openFlows(): AsyncIterable<{ id: string; type: string; settlesAtMs: number; lookAtMs: number }[]>;
  /** Yields summaries of the flows with findings, in blocks. */
  flowsWithFindings(): AsyncIterable<Flow[]>;
  /** Returns summaries of flows by id, in the same form as `listFlows`. */
  flowsByIds(ids: readonly string[]): Promise<FlowPage['items']>;
}

/**
 * Finds flows and unattributed spans by their names: ids of traces, spans and messages, and keys
 * (`model/names.ts`).
 */
export interface NameIndex {
  /**
   * Returns the hashes of names (`base/name-hash.ts`): all names of open flows, and about `most`
   * names of other flows, namely the most recently received. Names of kind ORIGIN are omitted,
   * because the hash of their trace is returned. Worthless tokens are passed to `onWorthless` as
   * plain text. `all` is true if no flow was omitted.
   */
  names(
    most: number,
    onWorthless?: (tokens: string[]) => void,
  ): Promise<{ all: boolean; hashes: AsyncIterable<Buffer> }>;
  /** Returns the names of open flows only, as hashes. */
  namesOfOpenFlows(): AsyncIterable<Buffer>;
  /**
   * Loads flows and unattributed spans that have one of these names, together with their spans.
   * Each name is the name of a span or a token.
   */
  loadByNames(names: readonly string[], bound?: LoadBound): Promise<StoredFlow[]>;
  /**
   * Loads flows and unattributed spans by id. If an id belongs to a tombstone, loads the flow that
   * replaced the former flow.
   */
  loadByIds(ids: readonly string[]): Promise<StoredFlow[]>;
}

/** Limits how many flows a load by names returns for each token. */
export interface LoadBound {
  most: number;
  /**
   * Called with each token for which the result may be incomplete, because at least `most` flows
   * have it.
   */
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
   * Summaries of flows. Their `steps` and `hops` are empty. The figures that lists show of steps
   * and hops are in `FlowFigures`.
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
   * True if some records of the flow no longer exist, because they expired or were in a broken part
   * of the table.
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
