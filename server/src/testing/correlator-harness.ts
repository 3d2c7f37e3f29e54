import { hashesOf } from '../base/name-hash.ts';
import { createCounters } from '../base/counters.ts';
import { manualClock, type ManualClock } from '../base/clock.ts';
import type { Flow, UnattributedRow } from '../model/flow.ts';
import { SPAN, TRACE, WORTHLESS } from '../model/names.ts';
import { traceIdOf, type Span } from '../model/span.ts';
import { aSpan, type SpanSketch } from './builders.ts';
import {
  createCorrelator,
  type Correlator,
  type CorrelatorOptions,
  type StoredFlowSpans,
} from '../correlate/index.ts';
import {
  createProjector,
  type Projector,
  type ProjectorOptions,
} from '../engine/projection/index.ts';
import { silentLog } from '../base/log.ts';
import { RIGHT_CLOCKS, type Clocks } from '../timeline/index.ts';

interface Names {
  id: string;
  keys: Set<string>;
  tokens: string[];
}

/** Stub for the clocks of senders, which treats all clocks as correct. */
export const NO_CLOCKS: Clocks = {
  ...RIGHT_CLOCKS,
  observe: () => undefined,
  revise: () => new Set(),
  dueAtMs: Infinity,
  wrong: () => [],
  senders: 0,
  serverBehindMs: 0,
  takeChanged: () => null,
  load: () => undefined,
};

/**
 * Runs a correlator and a projector over a store that consists of maps. It does the same as the
 * engine, without a database.
 */
export interface Bench {
  clock: ManualClock;
  /** Stores, correlates and projects one batch of spans. */
  take(spans: Span[]): void;
  /** Advances the clock until all flows have settled and are evicted. */
  rest(): void;
  /** Discards everything except the simulated store, as a restart does. */
  restart(): void;
  flows(): Map<string, Flow>;
  readonly correlator: Correlator;
  readonly projector: Projector;
  /** Number of flows that were rehydrated from the simulated store. */
  readonly reloaded: number;
  /** Former flow ids, mapped to the ids of the flows that replaced them. */
  tombstones: Map<string, string | null>;
}

export function createBench(more: Partial<CorrelatorOptions & ProjectorOptions> = {}): Bench {
  const clock = manualClock();
  const rows = new Map<string, Flow>();
  const tombstones = new Map<string, string | null>();
  const spans = new Map<string, Span[]>();
  const unattributed = new Map<string, UnattributedRow>();
  const versions = new Map<string, number>();
  let { correlator, projector } = make();
  let reloaded = 0;

  function make(): { correlator: Correlator; projector: Projector } {
    const counters = createCounters();
    const made = createCorrelator({ clock, counters, idleBeforeEvictionMs: 60_000, ...more });
    return {
      correlator: made,
      projector: createProjector({
        ...{ clock, counters, log: silentLog, clocks: NO_CLOCKS, settleMs: 30_000 },
        ...{ onDirty: () => {}, onSettled: () => {}, onAway: () => {} },
        correlator: made,
        assess: (flow) => flow,
        ...more,
      }),
    };
  }
  const stored = (id: string): StoredFlowSpans[] => {
    const flow = rows.get(id);
    const loose = unattributed.get(id);
    const version = versions.get(id)!;
    if (loose) return [{ id, version, members: spans.get(loose.key)!, causes: loose.causes }];
    if (!flow) return [];
    const members = flow.members.flatMap((key) => spans.get(key) ?? []);
    return [{ id, version, members, causes: [] }];
  };
  /**
   * Returns whether the store would find this row by the name. Names of spans are looked up in the
   * row's span keys, and all other names in its tokens.
   */
  const has = (row: Names, name: string): boolean =>
    name.startsWith(SPAN) ? row.keys.has(name.slice(SPAN.length)) : row.tokens.includes(name);
  const names = (): Names[] => [
    ...[...rows.values()].map((flow) => ({
      id: flow.id,
      keys: new Set(flow.members),
      tokens: flow.tokens,
    })),
    ...[...unattributed].map(([id, row]) => ({
      id,
      keys: new Set([row.key]),
      tokens: row.tokens,
    })),
  ];
  const bring = (batch: Span[]): void => {
    const reload = correlator.reload(batch);
    for (let round = 0; round < 100; round++) {
      const wanted = reload.missing();
      if (wanted.length === 0) {
        reloaded += reload.size;
        projector.add(batch, reload);
        return;
      }
      const found = names().filter((row) => wanted.some((name) => has(row, name)));
      reload.found(found.flatMap((row) => stored(row.id)));
      // Project, write and evict flows between two lookups, as may happen while the engine waits
      // for the store.
      write();
    }
    throw new Error('loading does not come to an end');
  };
  const write = (): void => {
    const changes = projector.takeChanges().list;
    for (const change of changes) {
      versions.set(change.id, change.version);
      if (change.kind === 'unattributed') unattributed.set(change.id, change.row);
      else if (change.kind === 'flow') {
        rows.set(change.id, change.flow);
        tombstones.delete(change.id);
      } else {
        rows.delete(change.id);
        tombstones.set(change.id, change.movedTo);
      }
    }
    projector.written(changes);
  };
  return {
    clock,
    tombstones,
    get correlator() {
      return correlator;
    },
    get projector() {
      return projector;
    },
    get reloaded() {
      return reloaded;
    },
    take(batch) {
      for (const span of batch) {
        const known = spans.get(span.key);
        if (known) known.push(span);
        else spans.set(span.key, [span]);
      }
      bring(batch);
      write();
    },
    rest() {
      for (let i = 0; i < 4; i++) {
        clock.advance(60_000);
        write();
      }
    },
    restart() {
      projector.stop();
      ({ correlator, projector } = make());
      for (const row of names()) {
        correlator.addWorthless(
          row.tokens
            .filter((token) => token.startsWith(WORTHLESS))
            .map((mark) => mark.slice(WORTHLESS.length)),
        );
        correlator.addToFilter(
          hashesOf([...[...row.keys].map((key) => TRACE + traceIdOf(key)), ...row.tokens]),
        );
      }
      for (const flow of rows.values()) {
        if (flow.phase !== 'ended')
          projector.openFlows.restore(
            flow.id,
            flow.idleOutcome === null ? null : flow.lastReceivedMs + 30_000,
            null,
          );
      }
    },
    flows: () => rows,
  };
}

/**
 * Correlates and projects these spans, and returns the resulting flows in the order of their ids.
 */
export const flowsOf = (...sketches: SpanSketch[]): Flow[] => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  return [...bench.flows().values()].sort((a, b) => (a.id < b.id ? -1 : 1));
};

/** Returns the parts of flows that must not depend on the order in which spans arrive. */
export function canonical(flows: Map<string, Flow>): unknown {
  const jsonSafe = (_key: string, value: unknown): unknown =>
    typeof value === 'bigint' ? String(value) : value;
  return [...flows.values()]
    .map((flow) => {
      const { aliases: _aliases, members, context, lastReceivedMs: _last, ...rest } = flow;
      const sorted = (keys: readonly string[]): unknown => [...new Set(keys)].sort();
      return JSON.parse(
        JSON.stringify({ ...rest, members: sorted(members), context: sorted(context) }, jsonSafe),
      ) as {
        id: string;
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
