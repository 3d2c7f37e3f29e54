import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Signal } from '../base/signal.ts';
import type { Definition, DefinitionSource, StoredDefinition } from '../model/definition.ts';
import type { UndoDuties } from '../model/duties.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import type { Novelty } from '../model/novelty.ts';
import type { LearnedModel } from './learned/learner.ts';

/**
 * Expects what should come next. It learns from flows that ended well, or became idle with nothing
 * expected; a flow that still waits for something is not learned from, or an outage would teach
 * that silence is normal.
 */
export interface Expectations {
  /** More is known of these flows than when they were evaluated last, although nothing arrived. */
  readonly reconsider: Signal<string[]>;
  /**
   * Observes spans as they arrive, in any order: how far their senders' clocks can be trusted, and
   * which batches do not name all that they took.
   */
  observeArrival(spans: readonly Span[]): void;
  /** Returns the flow as its definition sees it; unchanged if there is none. */
  applyDefinition(flow: Flow): Flow;
  /**
   * Evaluates what a flow waits for now, and what is new about it. What was learned from an earlier
   * form is retracted, and the flow is scheduled to be learned from once it is quiet.
   */
  evaluate(flow: Flow): Evaluation;
  /** Returns which steps have to be undone once any is, and in which order. */
  compensationDuties(flow: Flow): UndoDuties;
  /** Explains a possible cause of an absence: a silent service, a new version, a growing queue. */
  explain(finding: Finding, flow: Flow): string | null;
  /**
   * Records that an operator no longer expects a step. Returns false if no step of that name is
   * known.
   */
  accept(environment: string, type: string, step: string, service: string | null): boolean;
  /** Takes definitions; returns those that changed something. */
  define(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
  definitions(): StoredDefinition[];
  /**
   * Restores, at start, a flow that waits, so that it is evaluated again once more is known of its
   * type.
   */
  restoreStalled(flow: Pick<Flow, 'id' | 'environment' | 'type' | 'waitingFor'>): void;
  /** Excludes a flow from learning, because something is wrong with it. */
  excludeFromLearning(flowId: string): void;
  /** Forgets a flow that lost its name. */
  forget(flowId: string): void;
  /** Returns the type models that changed since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(models: Iterable<Omit<LearnedModel, 'version'>>): void;
  /** Returns everything learned about a type, in each environment, for people to read. */
  inspect(type: string): { environment: string; model: unknown }[];
  stop(): void;
}

export interface Evaluation {
  waitingFor: WaitingFor[];
  /** A message of it waits at a destination without a known consumer, which holds nothing back. */
  waitsForNobody: boolean;
  /** A message of it waits that may be in a batch whose links do not name all that it took. */
  mayBeTaken: boolean;
  /** The flow ends only by a declared end, as flows of its type with a declared start do. */
  endsDeclared: boolean;
  news: Novelty;
}

export interface ExpectationsOptions {
  clock: Clock;
  counters: Counters;
  /** Idle time, ms, after which a flow is quiet at the earliest. */
  settleMs: number;
  /** Lower bound, ms, of the time after which anything is late or stuck. */
  floorMs: number;
}
