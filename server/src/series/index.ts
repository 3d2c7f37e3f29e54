import { createBoundedSet } from '../base/bounded-set.ts';
import type { Clock } from '../base/clock.ts';
import type { Counters, Histogram, Reading } from '../base/counters.ts';
import { hashed, hashName } from '../base/name-hash.ts';
import type { Flow } from '../model/flow.ts';
import type { Outcome } from '../model/span.ts';
import { msOf } from '../model/time.ts';
import { createHistogram, histogramReading, observeMs } from './histogram.ts';
import { createSlots } from './names.ts';

/**
 * Counts flows for `/metrics`, so that Prometheus can record how many flows started, how they
 * ended, how long they took and how long their messages waited. Each flow is counted once at its
 * start and once at its end. A start or end more than an hour before its spans arrived is not
 * counted.
 */
export interface Series {
  /** Processes flows that have just become durable. The same flow may be passed several times. */
  observe: (flows: readonly Flow[]) => void;
}

/** Number of open flows of a flow type, as the store counts them. */
export interface TypeCount {
  type: string;
  environment: string;
  open: number;
  late: number;
  stuck: number;
}

export interface SeriesOptions {
  clock: Clock;
  counters: Counters;
  /** Time, ms, for which a flow without a declared end must be idle to count as ended. */
  settleMs: number;
  typesNow: () => Promise<readonly TypeCount[]>;
}

const MAX_TYPES = 200;
const MAX_PLACES = 200;
const HISTORY_MS = 3_600_000;
/**
 * Maximum number of flows that are remembered as already counted. Beyond it, the oldest flow is
 * forgotten.
 */
const MAX_COUNTED = 200_000;
/**
 * Maximum number of idle flows that wait to count as ended. Beyond it, they are checked
 * immediately.
 */
const MAX_SETTLING = 5000;
/**
 * Minimum interval between two queries for open flows, ms, even if Prometheus scrapes more often.
 */
const TYPES_EVERY_MS = 10_000;

interface TypeSeries {
  started: number;
  ended: Map<Outcome, number>;
  duration: Histogram;
}

interface Settling {
  atMs: number;
  flow: Pick<Flow, 'id' | 'type' | 'environment' | 'durationMs'>;
  outcome: Outcome;
  endedMs: number;
  waits: readonly [place: string, waitMs: number][];
}

export function createSeries({ clock, counters, settleMs, typesNow }: SeriesOptions): Series {
  const types = createSlots<TypeSeries>(MAX_TYPES, () => ({
    ...{ started: 0, ended: new Map(), duration: createHistogram() },
  }));
  const places = createSlots<Histogram>(MAX_PLACES, createHistogram);
  const started = createBoundedSet<number>(MAX_COUNTED);
  const ended = createBoundedSet<number>(MAX_COUNTED);
  const settling = new Map<string, Settling>();
  const now = createOpenCounts(clock, typesNow);

  const isNews = (ms: number): boolean => clock.now() - ms < HISTORY_MS;
  function countStart(flow: Flow, id: number): void {
    if (started.has(id)) return;
    started.add(id);
    if (isNews(msOf(flow.started))) types.of(nameOf(flow)).started++;
  }
  function countEnd({ flow, outcome, endedMs, waits }: Omit<Settling, 'atMs'>): void {
    const id = numberOf(flow.id);
    if (ended.has(id)) return;
    ended.add(id);
    if (!isNews(endedMs)) return;
    const type = types.of(nameOf(flow));
    type.ended.set(outcome, (type.ended.get(outcome) ?? 0) + 1);
    observeMs(type.duration, flow.durationMs);
    for (const [place, waitMs] of waits) observeMs(places.of(place), waitMs);
  }
  function settle(): void {
    const nowMs = clock.now();
    for (const [id, flow] of settling)
      if (flow.atMs <= nowMs) {
        settling.delete(id);
        countEnd(flow);
      }
    // If too many flows still wait, count the oldest as ended a little too early.
    for (const [id, flow] of settling)
      if (settling.size > MAX_SETTLING) {
        settling.delete(id);
        countEnd(flow);
      }
  }

  counters.collect(() => {
    settle();
    return [...typeReadings(types.all()), ...placeReadings(places.all()), ...now.read()];
  });
  return {
    observe(flows) {
      for (const flow of flows) {
        const number = numberOf(flow.id);
        countStart(flow, number);
        settling.delete(flow.id);
        const outcome = flow.phase === 'ended' ? flow.outcome : flow.idleOutcome;
        if (outcome === null || ended.has(number)) continue;
        const { id, type, environment, durationMs } = flow;
        const seen: Settling = {
          flow: { id, type, environment, durationMs },
          outcome,
          endedMs: msOf(flow.ended ?? flow.lastProgress),
          waits: waitsOf(flow),
          atMs: flow.lastReceivedMs + settleMs,
        };
        if (flow.phase === 'ended') countEnd(seen);
        else settling.set(id, seen);
      }
      if (settling.size > MAX_SETTLING) settle();
    },
  };
}

const nameOf = ({ environment, type }: Pick<Flow, 'environment' | 'type'>): string =>
  `${environment}\0${type}`;

/**
 * Returns a hash of an id as a number. Remembering 200,000 ids as texts would need ten times the
 * memory.
 */
function numberOf(id: string): number {
  hashName('', id);
  return hashed.high * 2 ** 21 + (hashed.low >>> 11);
}

function waitsOf({ hops }: Flow): [string, number][] {
  const waits: [string, number][] = [];
  for (const { sync, waitMs, message } of hops)
    if (!sync && waitMs !== null && message.destination !== '')
      waits.push([message.destination, waitMs]);
  return waits;
}

function labelsOf(name: string): Record<string, string> {
  const [environment = '', type] = name.split('\0');
  return type === undefined ? { flow_type: environment } : { flow_type: type, environment };
}

function* typeReadings(types: Iterable<[string, TypeSeries]>): Iterable<Reading> {
  for (const [name, series] of types) {
    const labels = labelsOf(name);
    yield { name: 'fermata_flows_started_total', kind: 'counter', labels, value: series.started };
    for (const [outcome, value] of series.ended)
      yield {
        ...{ name: 'fermata_flows_ended_total', kind: 'counter', value },
        labels: { ...labels, outcome },
      };
    yield histogramReading('fermata_flow_duration_seconds', labels, series.duration);
  }
}

function* placeReadings(places: Iterable<[string, Histogram]>): Iterable<Reading> {
  for (const [destination, histogram] of places)
    yield histogramReading('fermata_queue_wait_seconds', { destination }, histogram);
}

/**
 * Caches the numbers of open flows. When they are read and are too old, they are queried again in
 * the background.
 */
function createOpenCounts(
  clock: Clock,
  typesNow: SeriesOptions['typesNow'],
): { read: () => Reading[] } {
  let counts: readonly TypeCount[] = [];
  let askedMs = -Infinity;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    isAsking = true;
    askedMs = clock.now();
    try {
      counts = (await typesNow()).slice(0, MAX_TYPES);
    } catch {
      // Keep the previous numbers. A store that does not answer is reported as a condition (see
      // `health`).
    }
    isAsking = false;
  };
  const gauge = (name: string, of: (type: TypeCount) => number): Reading[] =>
    counts.map((one) => ({
      ...{ name, kind: 'gauge', value: of(one) },
      labels: { flow_type: one.type, environment: one.environment },
    }));
  return {
    read() {
      if (!isAsking && clock.now() - askedMs >= TYPES_EVERY_MS) void ask();
      return [
        ...gauge('fermata_flows_open', ({ open }) => open),
        ...gauge('fermata_flows_late', ({ late }) => late),
        ...gauge('fermata_flows_stuck', ({ stuck }) => stuck),
      ];
    },
  };
}
