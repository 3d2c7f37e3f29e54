import type { UsualPath } from './learned/usual-path.ts';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Signal } from '../base/signal.ts';
import type { Definition, DefinitionSource, StoredDefinition } from '../model/definition.ts';
import type { UndoDuties } from '../model/duties.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import type { Suspicion } from '../model/incident.ts';
import type { Span } from '../model/span.ts';
import type { Novelty } from '../model/novelty.ts';
import type { LearnedModel } from './learned/learner.ts';

/**
 * Tells what should come next in a flow. It learns from flows that ended well, or that became idle
 * when nothing more was expected. It does not learn from a flow that still waits for something,
 * because otherwise an outage would teach that silence is normal.
 */
export interface Expectations {
  /**
   * Emits ids of flows to evaluate again, because more is known about their type than at their last
   * evaluation. No new spans of these flows have arrived.
   */
  readonly reconsider: Signal<string[]>;
  /**
   * Observes spans as they arrive, in any order. Learns from the spans how far the senders' clocks
   * can be trusted, and which batches do not name all messages that they took.
   */
  observeArrival(spans: readonly Span[]): void;
  /**
   * Returns the flow with what is known about its type. A delivery whose work is still to come is
   * shown as running. If the flow has a definition, it decides which steps undo others, and whether
   * the flow has ended.
   */
  applyDefinition(flow: Flow): Flow;
  /**
   * Returns what a flow waits for now, and what is new about the flow. Retracts what was learned
   * from an earlier form of the flow, and schedules the flow to be learned from once it is quiet.
   */
  evaluate(flow: Flow): Evaluation;
  /**
   * Returns which steps of the flow have to be undone once any step is undone, and in which order.
   */
  compensationDuties(flow: Flow): UndoDuties;
  /**
   * Returns possible causes of an absence, such as a silent service, a new version or a growing
   * queue.
   */
  explain(finding: Finding, flow: Flow): Suspicion;
  /**
   * Returns how many messages that were sent to a destination after `sentMs` a service took lately.
   */
  takenAfter(environment: string, destination: string, service: string, sentMs: number): number;
  /**
   * Records that an operator no longer expects a step. Returns false if no step of that name is
   * known.
   */
  accept(environment: string, type: string, step: string, service: string | null): boolean;
  /**
   * Adds definitions of flow types. Returns the definitions that are new or different from before.
   */
  define(
    definitions: readonly Definition[],
    source: DefinitionSource,
    atMs: number,
  ): StoredDefinition[];
  definitions(): StoredDefinition[];
  /**
   * Registers, at start, a stored flow that waits for something, so that the flow is evaluated
   * again once more is known of its type.
   */
  restoreStalled(flow: Pick<Flow, 'id' | 'environment' | 'type' | 'waitingFor'>): void;
  /** Excludes a flow from learning, because something is wrong with the flow. */
  excludeFromLearning(flowId: string): void;
  /** Forgets a flow whose spans now belong to a flow of another id. */
  forget(flowId: string): void;
  /** Returns the type models that changed since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(models: Iterable<Omit<LearnedModel, 'version'>>): void;
  /** Returns everything learned about a flow type, for each environment, for people to read. */
  inspect(type: string): {
    environment: string;
    model: unknown;
    usual: UsualPath & { yaml: string };
  }[];
  /** Returns how many flows of a type were learned from. */
  learnedFlows(type: string, environment: string): number;
  stop(): void;
}

export interface Evaluation {
  waitingFor: WaitingFor[];
  /**
   * True if a message of the flow waits at a destination without a known consumer. Such a message
   * does not keep the flow from being complete.
   */
  waitsForNobody: boolean;
  /**
   * True if a batch may have taken a waiting message of the flow, because the links of that batch
   * do not name all messages that it took.
   */
  mayBeTaken: boolean;
  /**
   * True if the flow ends only by a declared end, because its start was declared, and flows of its
   * type declare their ends.
   */
  endsDeclared: boolean;
  news: Novelty;
}

export interface ExpectationsOptions {
  clock: Clock;
  counters: Counters;
  /** Shortest idle time, ms, after which a flow may count as quiet. */
  settleMs: number;
  /** Shortest time, ms, after which anything may count as late or stuck. */
  floorMs: number;
}
