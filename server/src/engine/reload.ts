import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createMutex } from '../base/mutex.ts';
import type { Correlator, Reloading, StoredFlowSpans } from '../correlate/index.ts';
import type { Span } from '../model/span.ts';
import type { FlowKey } from '../model/keys.ts';
import type { NameIndex, StoredFlow } from '../store/index.ts';

/**
 * Holds back spans that affect evicted flows, until these flows are rehydrated together with the
 * flows that they depend on. All other spans are correlated immediately.
 */
export interface Reloads {
  /** Correlates the spans if all flows that they affect are in memory. Returns whether it did. */
  addNow(spans: readonly Span[]): boolean;
  /**
   * Correlates the spans after the flows that they affect have been rehydrated. Spans of several
   * waiting calls are processed together, because a lookup in the store costs the same for many
   * spans as for few.
   */
  addLater(spans: readonly Span[]): Promise<Added>;
  /**
   * Correlates the spans after the flows that they affect have been rehydrated. Calls run one after
   * the other. `flows` are stored flows that the caller has already read. Returns the keys of flows
   * that changed; null if the server stops.
   */
  add(spans: readonly Span[], flows?: readonly StoredFlow[]): Promise<readonly FlowKey[] | null>;
  /**
   * Lets waiting calls return without correlating their spans. The spans are committed, so they are
   * replayed at the next start.
   */
  releaseBackpressure(): void;
  idle(): Promise<unknown>;
}

/**
 * Result of `addLater`: the spans were correlated, or the server stopped first and will replay them
 * at its next start.
 */
export type Added = 'added' | 'left-to-replay';

export interface ReloadsOptions {
  clock: Clock;
  counters: Counters;
  store: Pick<NameIndex, 'loadByNames'>;
  correlator: Pick<Correlator, 'reload'>;
  /**
   * Correlates spans together with the flows in `reload`, which were loaded for them. Returns the
   * keys of flows that changed.
   */
  add(spans: readonly Span[], reload: Reloading): readonly FlowKey[];
  restore: (flow: StoredFlow) => StoredFlowSpans;
}

/**
 * Maximum number of flows that are rehydrated for one name. A name that more flows have in common
 * cannot identify a flow.
 */
const MAX_OF_A_NAME = 500;
/**
 * Limits of one reload: the number of flows that are rehydrated, and the time, ms. Each limit is a
 * constant plus an amount for each span. When a limit is exceeded, the spans are correlated without
 * the flows that are not loaded yet.
 */
const MAX_FLOWS = 2000;
const MAX_FLOWS_PER_SPAN = 20;
const MAX_MS = 2000;
const MAX_MS_PER_SPAN = 2;
/**
 * Number of spans at which a reload is full. Further waiting calls are processed in the next
 * reload.
 */
const MAX_AT_ONCE = 20_000;

interface Waiting {
  spans: readonly Span[];
  resolve: (added: Added) => void;
  reject: (error: unknown) => void;
}

export function createReloads(options: ReloadsOptions): Reloads {
  const { clock, counters, store, correlator, restore } = options;
  const waiting: Waiting[] = [];
  let stopping = false;
  const lateSpans = createMutex();
  /**
   * Runs calls of `add` one after the other. `addLater` has its own queue, so that re-evaluations
   * and late spans do not wait for each other.
   */
  const others = createMutex();

  const restored = (flows: readonly StoredFlow[]): StoredFlowSpans[] => {
    counters.add('fermata_reloaded_flows_total', flows.length);
    return flows.map(restore);
  };
  /**
   * Rehydrates the flows that the spans affect, and correlates the spans. Resolves to the keys of
   * flows that changed; to null if the server stops.
   */
  const reload = async (
    spans: readonly Span[],
    flows: readonly StoredFlow[] = [],
  ): Promise<readonly FlowKey[] | null> => {
    const under = correlator.reload(spans, restored(flows));
    const from = clock.now();
    const most = MAX_FLOWS + spans.length * MAX_FLOWS_PER_SPAN;
    const mostMs = MAX_MS + spans.length * MAX_MS_PER_SPAN;
    try {
      for (let names = under.missing(); names.length > 0; names = under.missing()) {
        if (stopping) {
          under.giveUp();
          return null;
        }
        if (under.size > most || clock.now() - from > mostMs) {
          counters.add('fermata_reloads_cut_short_total');
          under.skip(names);
          break;
        }
        counters.add('fermata_lookups_total');
        const found = await store.loadByNames(names, {
          most: MAX_OF_A_NAME,
          onCut(name) {
            counters.add('fermata_reloads_cut_short_total');
            under.discard(name);
          },
        });
        under.found(restored(found));
      }
    } catch (error) {
      under.giveUp();
      throw error;
    }
    return options.add(spans, under);
  };

  const next = (): Waiting[] => {
    let count = 0;
    for (let size = 0; count < waiting.length && (count === 0 || size < MAX_AT_ONCE); count++)
      size += waiting[count]!.spans.length;
    return waiting.splice(0, count);
  };
  const addWaiting = async (): Promise<void> => {
    const some = next();
    if (some.length === 0) return;
    try {
      const keys = await reload(some.flatMap(({ spans }) => [...spans]));
      for (const { resolve } of some) resolve(keys === null ? 'left-to-replay' : 'added');
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  };

  return {
    addNow(spans) {
      const under = correlator.reload(spans);
      const isHere = under.missing().length === 0;
      if (isHere) options.add(spans, under);
      else under.giveUp();
      return isHere;
    },
    addLater: (spans) =>
      new Promise((resolve, reject) => {
        waiting.push({ spans, resolve, reject });
        void lateSpans.run(addWaiting);
      }),
    add: (spans, flows) => others.run(() => reload(spans, flows)),
    releaseBackpressure() {
      stopping = true;
    },
    idle: () => Promise.all([lateSpans.idle(), others.idle()]),
  };
}
