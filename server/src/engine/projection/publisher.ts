import type { Clock } from '../../base/clock.ts';
import { pushAll } from '../../base/lists.ts';
import { deleteOldest } from '../../base/oldest.ts';
import { viewAt, type Flow, type FlowChange, type FlowView } from '../../model/flow.ts';
import type { FlowFigures } from '../../model/flow-figures.ts';
import { retriesOf } from '../../model/search-match.ts';
import type { FlowScanner } from '../../store/index.ts';
import type { StoreRetry } from './store-retry.ts';

/** Receives flows after they are durable and can be queried, and never before (I3). */
export interface FlowSink {
  /**
   * Sends changes to dashboards. `changes` computes them, and is called only if a dashboard is
   * open.
   */
  announce(changes: () => readonly Announcement[]): void;
  /**
   * Passes the newest form of changed flows, and the ids of vanished flows, to the alerts, which
   * update incidents.
   */
  committed(flows: readonly Flow[], gone: readonly string[]): void;
  /** Returns whether a dashboard is open, or was open a moment ago. */
  watched(): boolean;
}

/** A flow in its present state, or a tombstone. */
export type Announcement =
  (FlowView & FlowFigures) | { id: string; version: number; movedTo: string | null };

export interface Publisher {
  publish(changes: readonly FlowChange[]): void;
  /**
   * Announces flows that now count as ended, if a dashboard is open. Flows that were not announced
   * before are queued, because they have to be read.
   */
  settled(ids: readonly string[]): void;
  /**
   * Reads and announces some of the queued flows, if they are due. Returns whether more flows are.
   */
  announceSettled(): Promise<boolean>;
  stop(): void;
}

export interface PublisherOptions {
  clock: Clock;
  store: Pick<FlowScanner, 'flowsByIds'>;
  retry: StoreRetry;
  sink: FlowSink;
  settlesAt: (flow: Flow) => number;
  /** Called when queued flows are due. */
  onDue: () => void;
}

/**
 * Maximum number of settled flows in the queue. A dashboard shows further settled flows as ended
 * only after a reload of the page.
 */
const MAX_SETTLED = 5000;
const MAX_ANNOUNCED = 500;
/**
 * Time for which settled flows are collected before they are read, ms. One read of many flows costs
 * the store hardly more than one of few.
 */
const COLLECTED_MS = 2000;
/** Maximum number of open flows of which it is kept how they will look once they have settled. */
const MAX_KEPT = 20_000;

type AnnouncedFlow = FlowView & FlowFigures;

/**
 * Keeps announced flows in the form that they have once they settle. Reading them from the store
 * as they settle took more of the processor than everything else, a few flows at a time
 * (`publisher.test.ts`).
 */
function createSettling(settlesAt: (flow: Flow) => number) {
  const kept = new Map<string, AnnouncedFlow>();
  return {
    keep({ flow, version, ...figures }: AnnouncedFlow): void {
      kept.delete(flow.id);
      if (flow.phase === 'ended' || flow.idleOutcome === null) return;
      const atMs = settlesAt(flow);
      kept.set(flow.id, { ...viewAt(withoutTimeline(flow), version, atMs, atMs), ...figures });
      if (kept.size > MAX_KEPT) deleteOldest(kept);
    },
    forget: (id: string) => kept.delete(id),
    clear: () => kept.clear(),
    /** Returns the flows with these ids that are kept, and the other ids. Forgets these flows. */
    take(ids: readonly string[]): { known: AnnouncedFlow[]; others: string[] } {
      const known = ids.flatMap((id) => kept.get(id) ?? []);
      const others = ids.filter((id) => !kept.delete(id));
      return { known, others };
    },
  };
}

/** Returns the flow as lists read it, because a timeline may be large. */
const withoutTimeline = (flow: Flow): Flow => ({
  ...flow,
  ...{ steps: [], hops: [], relations: [], unattributed: [] },
  ...{ aliases: [], members: [], context: [], tokens: [] },
});

export function createPublisher({
  clock,
  store,
  retry,
  sink,
  settlesAt,
  onDue,
}: PublisherOptions): Publisher {
  const settled: string[] = [];
  let isDue = false;
  let cancel: (() => void) | null = null;
  const collect = (): void => {
    cancel ??= clock.after(COLLECTED_MS, () => {
      cancel = null;
      isDue = true;
      onDue();
    });
  };
  const settling = createSettling(settlesAt);
  const announcementOf = (change: FlowChange, now: number): readonly Announcement[] => {
    if (change.kind === 'unattributed') return [];
    if (change.kind === 'tombstone') {
      settling.forget(change.id);
      return [change];
    }
    const { flow, version } = change;
    const figures = { stepCount: flow.steps.length, retries: retriesOf(flow) };
    const view = { ...viewAt(flow, version, settlesAt(flow), now), ...figures };
    settling.keep(view);
    return [view];
  };
  return {
    publish(changes) {
      sink.committed(
        changes.flatMap((change) => (change.kind === 'flow' ? change.flow : [])),
        changes.flatMap(({ kind, id }) => (kind === 'tombstone' ? id : [])),
      );
      const now = clock.now();
      sink.announce(() => changes.flatMap((change) => announcementOf(change, now)));
    },
    settled(ids) {
      if (!sink.watched()) {
        settling.clear();
        // Announce an empty list of changes, so that pages with figures of many flows (lenses) are
        // updated.
        if (ids.length > 0) sink.announce(() => []);
        return;
      }
      const { known, others } = settling.take(ids);
      if (known.length > 0) sink.announce(() => known);
      pushAll(settled, others.slice(0, MAX_SETTLED - settled.length));
      if (settled.length > 0 && !isDue) collect();
    },
    async announceSettled() {
      if (!isDue) return false;
      const ids = settled.splice(0, MAX_ANNOUNCED);
      const rows = await retry.untilDone('settled flows could not be read', () =>
        store.flowsByIds(ids),
      );
      if (rows !== undefined)
        sink.announce(() => rows.filter(({ flow }) => flow.phase === 'ended'));
      isDue = settled.length > 0;
      return isDue;
    },
    stop() {
      cancel?.();
    },
  };
}
