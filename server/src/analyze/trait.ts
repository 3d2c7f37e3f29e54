import type { SegmentKind } from './critical-path.ts';
import type { Style } from './style.ts';

/**
 * A trait is something that a flow may have in common with other flows, and that lenses count: a
 * variant, a node or an edge of the map, a segment of the critical path, a failure, a version. A
 * flow's row holds its traits, so that a lens over a million flows reads no timeline. The traits of
 * a flow are listed by columns, as the row holds them.
 */
export interface TraitList {
  ids: bigint[];
  /** Holds what is measured of each trait in this flow (see `TraitBodies`), mostly in ms. */
  ms: number[];
  /** Holds for each trait a set of `FLAGS`, and a number above them (`NUMBER_SHIFT`). */
  flags: number[];
}

/** The traits of one flow, by the columns in which a row holds them. */
export interface Traits {
  variant: bigint;
  /** One trait for each step, in the order of the steps. */
  nodes: TraitList;
  edges: TraitList;
  /** Segments in the order in which they first occur on the critical path. */
  segments: TraitList;
  others: TraitList;
  /** Traits that a flow has or has not, without a measure. */
  marks: bigint[];
}

/** For each kind of trait, the body that identifies a trait, and what its `ms` measures. */
export interface TraitBodies {
  /** The steps of a flow in order of their start; `more` counts the steps that are not listed. */
  variant: { steps: string[]; more: number };
  /** A step of a service. `ms`: time from its start to its end. */
  node: { service: string; step: string };
  /**
   * A message or call between two nodes, or the flow's start or end. `ms`: the wait of the message,
   * or the time that the call and its answer were on their way.
   */
  edge: EdgeBody;
  /**
   * What the critical path spent time on. `ms`: the whole time of the flow that was spent on it.
   */
  segment: { kind: SegmentKind; service: string; step: string; message: string };
  /** A failed attempt of a step, by its cause. `ms`: when it failed, epoch ms. */
  failure: FailureBody;
  /**
   * Where a failure happened: in which functions, version and instance. These three traits follow
   * their failure in the row, in this order, so that each failure can be matched with its own three
   * (`failureOrigins` in the store).
   */
  frames: { frames: string[] };
  failedVersion: { version: string };
  failedInstance: { instance: string };
  version: { service: string; version: string };
  /** A process of a service. */
  instance: { service: string; instance: string };
  /** A step that is awaited. `ms`: when it becomes late (`late`) or stuck (`stuck`), epoch ms. */
  late: Awaited;
  stuck: Awaited;
  /**
   * A node that waits for synchronous calls. `ms`: how long. The number above the flags is the
   * depth of the chain of calls.
   */
  blocked: { node: string };
  /** A service that hears, or must hear, of a failure that a message of this type tells. */
  audience: { failure: string; service: string; role: 'must' | 'hears' };
  /** A service that took part in the flow. */
  service: { service: string };
  /** How the services of this one flow worked together. */
  style: { style: Style };
}
export interface EdgeBody {
  /** Hex id of a node, or `start`. */
  from: string;
  /** Hex id of a node, or `end`. */
  to: string;
  message: { kind: string; type: string; system: string; destination: string } | null;
  sync: boolean;
}
export interface FailureBody {
  type: string;
  /** Error message without its variable parts (`messagePattern`). */
  message: string;
  service: string;
  step: string;
  /** Type of the message that the failed step handled; '' if there is none. */
  trigger: string;
}
export interface Awaited {
  step: string;
  service: string;
  /** Hex id of the edge whose message waits; '' if no message does. */
  edge: string;
}
export type TraitKind = keyof TraitBodies;

export const FLAGS = {
  failed: 1,
  /** Of a node: attempted more than once. Of a failure: a later try succeeded. */
  retried: 2,
  compensated: 4,
  /** Of a node: still running. Of an edge: not delivered yet. */
  running: 8,
  /** `ms` is not known. */
  unmeasured: 16,
  deadLettered: 32,
  /** Set on the first occurrence of a trait in its flow, so that counting it counts flows. */
  first: 64,
} as const;
/** Bits above the flags hold a small number: the kind of a node, the depth of a chain of calls. */
export const NUMBER_SHIFT = 8;

/** Kinds of steps that a node may show; any other kind, which a service declared, is a task. */
export const NODE_KINDS = [
  'task',
  'request',
  'event',
  'command',
  'reply',
  'query',
  'timer',
  'compensation',
] as const;

/** Names that edges have instead of a node's id at the start and the end of the flow. */
export const START = 'start';
export const END = 'end';
