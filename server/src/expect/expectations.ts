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
 * What should come next. Learns from flows that ended well, or fell quiet owing nothing; a flow
 * that owes something teaches nothing, or an outage would teach that silence is normal.
 */
export interface Expectations {
  /** More is known of these flows than when they were evaluated last, although nothing arrived. */
  readonly reconsider: Signal<string[]>;
  /**
   * Observes spans as they arrive, in any order: how far their senders' clocks can be trusted, and
   * which batches name not all that they took.
   */
  observeArrival(spans: readonly Span[]): void;
  /** Shows the flow as its definition sees it; itself where there is none. */
  applyDefinition(flow: Flow): Flow;
  /**
   * Says what a flow waits for now, and what is new about it. Whatever it taught in an earlier form
   * is retracted, and it is scheduled to teach once it is quiet.
   */
  evaluate(flow: Flow): Evaluation;
  /** Says which steps have to be undone once something is, and in which order. */
  compensationDuties(flow: Flow): UndoDuties;
  /**
   * Explains what may be behind an absence: a silent service, a new version, a queue that grows.
   */
  explain(finding: Finding, flow: Flow): string | null;
  /** An operator says that a step does not come any more. False: nothing of that name is known. */
  accept(environment: string, type: string, step: string, service: string | null): boolean;
  /** Takes definitions; returns those that changed something. */
  define(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
  definitions(): StoredDefinition[];
  /** At start, of a flow that was found to wait: evaluated again once more is known of its type. */
  restoreStalled(flow: Pick<Flow, 'id' | 'environment' | 'type' | 'waitingFor'>): void;
  /** Something is wrong with this flow: it must not teach. */
  excludeFromLearning(flowId: string): void;
  /** The flow lost its name. */
  forget(flowId: string): void;
  /** Type models that changed since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(models: Iterable<Omit<LearnedModel, 'version'>>): void;
  /** For people: everything learned of a type, in each environment. */
  inspect(type: string): { environment: string; model: unknown }[];
  stop(): void;
}

export interface Evaluation {
  waitingFor: WaitingFor[];
  /** A message of it waits where nobody was ever seen to take any: that holds nothing back. */
  waitsForNobody: boolean;
  /** A message of it waits that a batch may have taken which does not name all that it took. */
  mayBeTaken: boolean;
  /** It ends only once somebody says so, as flows of its type that say when they start do. */
  endsDeclared: boolean;
  news: Novelty;
}

export interface ExpectationsOptions {
  clock: Clock;
  counters: Counters;
  /** A flow is quiet after this, ms, at the earliest. */
  settleMs: number;
  /** Nothing is late or stuck sooner, ms. */
  floorMs: number;
}
