import { pushAll } from '../../base/lists.ts';
import type { Clock } from '../../base/clock.ts';
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
   * Queues the ids of flows that now count as ended. Returns whether they must be announced, which
   * is the case if a dashboard is open.
   */
  settled(ids: readonly string[]): boolean;
  /** Announces some of the queued flows to dashboards. Returns whether more flows are queued. */
  announceSettled(): Promise<boolean>;
}

export interface PublisherOptions {
  clock: Clock;
  store: Pick<FlowScanner, 'flowsByIds'>;
  retry: StoreRetry;
  sink: FlowSink;
  settlesAt: (flow: Flow) => number;
}

/**
 * Maximum number of settled flows in the queue. A dashboard shows further settled flows as ended
 * only after a reload of the page.
 */
const MAX_SETTLED = 5000;
const MAX_ANNOUNCED = 500;

export function createPublisher({
  clock,
  store,
  retry,
  sink,
  settlesAt,
}: PublisherOptions): Publisher {
  const settled: string[] = [];
  return {
    publish(changes) {
      sink.committed(
        changes.flatMap((change) => (change.kind === 'flow' ? change.flow : [])),
        changes.flatMap(({ kind, id }) => (kind === 'tombstone' ? id : [])),
      );
      const now = clock.now();
      sink.announce(() =>
        changes.flatMap((change): readonly Announcement[] => {
          if (change.kind === 'unattributed') return [];
          if (change.kind === 'tombstone') return [change];
          const { flow, version } = change;
          const figures = { stepCount: flow.steps.length, retries: retriesOf(flow) };
          return [{ ...viewAt(flow, version, settlesAt(flow), now), ...figures }];
        }),
      );
    },
    settled(ids) {
      if (!sink.watched()) {
        // Announce an empty list of changes, so that pages with figures of many flows (lenses) are
        // updated.
        if (ids.length > 0) sink.announce(() => []);
        return false;
      }
      pushAll(settled, ids.slice(0, MAX_SETTLED - settled.length));
      return true;
    },
    async announceSettled() {
      if (settled.length === 0) return false;
      const ids = settled.splice(0, MAX_ANNOUNCED);
      const rows = await retry.untilDone('settled flows could not be read', () =>
        store.flowsByIds(ids),
      );
      if (rows !== undefined)
        sink.announce(() => rows.filter(({ flow }) => flow.phase === 'ended'));
      return settled.length > 0;
    },
  };
}
