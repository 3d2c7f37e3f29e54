import { pushAll } from '../../base/lists.ts';
import type { Clock } from '../../base/clock.ts';
import { viewAt, type Flow, type FlowChange, type FlowView } from '../../model/flow.ts';
import type { FlowScanner } from '../../store/index.ts';
import type { StoreRetry } from './store-retry.ts';

/** Who is told of flows, and only of what is durable and queryable. */
export interface FlowSink {
  /** To dashboards, if there are any. */
  announce(changes: () => readonly Announcement[]): void;
  /** Flows in their newest form, for incidents; and names that are gone. */
  committed(flows: readonly Flow[], gone: readonly string[]): void;
  /** Is a dashboard open, or was a moment ago? */
  watched(): boolean;
}

/** A flow as it is seen now, or the name that it lost. */
export type Announcement =
  (FlowView & { stepCount: number }) | { id: string; version: number; movedTo: string | null };

export interface Publisher {
  publish(changes: readonly FlowChange[]): void;
  /**
   * These flows count as ended now. Gives whether somebody has to be told what the store says of
   * them.
   */
  settled(ids: readonly string[]): boolean;
  /** Tells of some of the settled flows. Gives whether there are more. */
  announceSettled(): Promise<boolean>;
}

export interface PublisherOptions {
  clock: Clock;
  store: Pick<FlowScanner, 'flowsByIds'>;
  retry: StoreRetry;
  sink: FlowSink;
  settlesAt: (flow: Flow) => number;
}

/** Announcements of settled flows that wait; more are left to the next reload of the page. */
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
          return [{ ...viewAt(flow, version, settlesAt(flow), now), stepCount: flow.steps.length }];
        }),
      );
    },
    settled(ids) {
      if (!sink.watched()) return false;
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
