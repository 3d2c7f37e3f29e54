import type { Flow, FlowChange, FlowView, KnownCause } from '../../model/flow.ts';
import type { FlowSearch } from '../../model/search.ts';
import type { StoredSpan } from './evidence.ts';

export interface FlowWriter {
  /** Inserts rows; `upToBatch` is the last span batch that they include. */
  insertFlows(
    changes: readonly FlowChange[],
    upToBatch: number,
    settlesAt: (flow: Flow) => number,
  ): Promise<void>;
}

/** Reads flows for people: lists, pages, and the raw spans of one flow. */
export interface FlowReader {
  /**
   * Tells whether the last read of raw spans, or of services, missed acknowledged records that the
   * engine could not insert yet.
   */
  readonly isBehind: boolean;
  listFlows(search: FlowSearch): Promise<FlowPage>;
  /**
   * Finds by id, former id, explicit id, business key, trace, span or message id; returns ids,
   * newest first.
   */
  findFlow(name: string): Promise<string[]>;
  getFlow(id: string): Promise<FlowRow | null>;
  /** Returns the raw spans of a flow, oldest first. */
  spansOf(id: string, limit: number): Promise<FlowSpans>;
}

/**
 * Reads the flows that the server itself resumes after a start: those that are open, await
 * something or have findings.
 */
export interface FlowScanner {
  /**
   * `settlesAtMs` is 0 where something is still awaited; `lookAtMs` is 0 where no re-evaluation is
   * due. Ended flows that still await something are among them.
   */
  openFlows(): AsyncIterable<{ id: string; type: string; settlesAtMs: number; lookAtMs: number }[]>;
  /** Yields summaries of flows with findings, in blocks. */
  flowsWithFindings(): AsyncIterable<Flow[]>;
  /** Returns summaries, as `listFlows` does. */
  flowsByIds(ids: readonly string[]): Promise<FlowPage['items']>;
}

/** Finds flows and unattributed spans by their names (`model/names.ts`). */
export interface NameIndex {
  /**
   * Returns names as hashes (`base/name-hash.ts`): all of open flows, and of the others about
   * `most`, those received last. ORIGIN names are left out, because their trace is among them.
   * Worthless tokens are reported by name. `all` is true where no name was left out.
   */
  names(
    most: number,
    onWorthless?: (tokens: string[]) => void,
  ): Promise<{ all: boolean; hashes: AsyncIterable<Buffer> }>;
  /** Returns the names of open flows only, as hashes. */
  namesOfOpenFlows(): AsyncIterable<Buffer>;
  /**
   * Loads flows and unattributed spans with one of these names (of a span, or a token), with their
   * spans.
   */
  loadByNames(names: readonly string[], bound?: LoadBound): Promise<StoredFlow[]>;
  /** Loads by id; a tombstone leads to the flow that replaced it. */
  loadByIds(ids: readonly string[]): Promise<StoredFlow[]>;
}

/** Bounds a load to `most` flows for each token. */
export interface LoadBound {
  most: number;
  /** Reports a token that has `most` flows or more. */
  onCut(token: string): void;
}

/**
 * Holds a flow's stored row. `timelineComputedMs` is the instant when its timeline was computed.
 */
export interface FlowRow extends FlowView {
  timelineComputedMs: number;
}

export interface FlowPage {
  /** Lists summaries: their lists of steps and hops are empty, and `stepCount` stands for them. */
  items: (FlowRow & { stepCount: number })[];
  total: number;
  /** Holds the position where the next page begins; null: this is the last one. */
  next: NonNullable<FlowSearch['after']> | null;
}

export interface FlowSpans {
  items: StoredSpan[];
  total: number;
  /** Tells whether records of the flow are gone, by age or with a broken part. */
  incomplete: boolean;
}

export interface StoredFlow {
  id: string;
  version: number;
  members: StoredSpan[];
  /** Lists the causes of an unattributed span. */
  causes: KnownCause[];
}
