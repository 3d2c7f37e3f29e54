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
 * Counts flows for `/metrics`, so that a Prometheus can keep how many started, how they ended, how
 * long they took and how long their messages waited. Each flow is counted once when it starts and
 * once when it ends; what began or ended more than an hour before it was heard of is history, and
 * is not counted.
 */
export interface Series {
  /** Takes flows that are durable now; the same flow may come many times. */
  observe: (flows: readonly Flow[]) => void;
}

/** What is open now, by flow type, as the store counts it. */
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
  /** A flow without a declared end has ended after this time without a span, ms. */
  settleMs: number;
  typesNow: () => Promise<readonly TypeCount[]>;
}

const MAX_TYPES = 200;
const MAX_PLACES = 200;
const HISTORY_MS = 3_600_000;
/** Flows that are remembered as counted; one is forgotten after as many others. */
const MAX_COUNTED = 200_000;
/** Flows that wait until they have settled; with more, those that have are looked for at once. */
const MAX_SETTLING = 5000;
/** The store is asked for open flows at most so often, ms, however often it is scraped. */
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
    // With too many, the oldest count as ended a little early.
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

/** Returns a number that stands for an id: 200,000 texts would take ten times as much memory. */
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

/** Keeps what is open now; it is asked for again when somebody reads it and it is old. */
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
      // A store that does not answer is told by a condition of its own; what was known is kept.
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
