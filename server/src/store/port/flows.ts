import type { Flow, FlowChange, FlowView, KnownCause } from '../../model/flow.ts';
import type { FlowSearch } from '../../model/search.ts';
import type { StoredSpan } from './evidence.ts';

export interface FlowWriter {
  /** `upToBatch`: the last span batch that these rows include. */
  insertFlows(
    changes: readonly FlowChange[],
    upToBatch: number,
    settlesAt: (flow: Flow) => number,
  ): Promise<void>;
}

/** Flows as people see them: lists, pages, and the raw spans of one flow. */
export interface FlowReader {
  /**
   * The engine could not take in what was acknowledged last: the last read of raw spans, or of
   * services, went without it.
   */
  readonly isBehind: boolean;
  listFlows(search: FlowSearch): Promise<FlowPage>;
  /** By id, former id, explicit id, business key, trace, span or message id: ids, newest first. */
  findFlow(name: string): Promise<string[]>;
  getFlow(id: string): Promise<FlowRow | null>;
  /** Raw spans of a flow, oldest first. */
  spansOf(id: string, limit: number): Promise<FlowSpans>;
}

/** What the server itself takes up again: flows that wait, owe or are wrong. */
export interface FlowScanner {
  /**
   * `settlesAtMs` 0: something is still awaited; `lookAtMs` 0: nothing changes by itself. Ended
   * flows that still owe something are among them.
   */
  openFlows(): AsyncIterable<{ id: string; type: string; settlesAtMs: number; lookAtMs: number }[]>;
  /** Summaries of flows of which something is wrong, in blocks. */
  flowsWithFindings(): AsyncIterable<Flow[]>;
  /** As in a list. */
  flowsByIds(ids: readonly string[]): Promise<FlowPage['items']>;
}

/** Under which names (`model/names.ts`) flows and unattributed spans are found. */
export interface NameIndex {
  /**
   * As hashes (`base/name-hash.ts`): of open flows all, of the rest about `most`, of those that
   * were received last. Without ORIGIN's: its trace is among them. Tokens that are marked as
   * worthless are told by name. `all`: no name was left out.
   */
  names(
    most: number,
    onWorthless?: (tokens: string[]) => void,
  ): Promise<{ all: boolean; hashes: AsyncIterable<Buffer> }>;
  /** As hashes, of open flows only. */
  namesOfOpenFlows(): AsyncIterable<Buffer>;
  /**
   * Flows and unattributed spans with one of these names (of a span, or a token), and their spans.
   */
  loadByNames(names: readonly string[], bound?: LoadBound): Promise<StoredFlow[]>;
  /** A name that is gone gives what it is called now. */
  loadByIds(ids: readonly string[]): Promise<StoredFlow[]>;
}

/** Of each token, `most` flows are given. */
export interface LoadBound {
  most: number;
  /** There are as many, or more. */
  onCut(token: string): void;
}

/** A flow's row as it was written. `timelineComputedMs` is the moment its timeline was computed. */
export interface FlowRow extends FlowView {
  timelineComputedMs: number;
}

export interface FlowPage {
  /** Without steps and hops: those lists are empty; `stepCount` stands for them. */
  items: (FlowRow & { stepCount: number })[];
  total: number;
  /** Where the next page begins; null: this was the last one. */
  next: NonNullable<FlowSearch['after']> | null;
}

export interface FlowSpans {
  items: StoredSpan[];
  total: number;
  /** The flow had more: their records are gone, by age or with a broken part. */
  incomplete: boolean;
}

export interface StoredFlow {
  id: string;
  version: number;
  members: StoredSpan[];
  /** Of an unattributed span. */
  causes: KnownCause[];
}
