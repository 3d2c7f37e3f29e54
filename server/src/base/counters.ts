/**
 * Owns the counters and gauges of the running server, which /metrics shows. Every record that is
 * dropped is counted (invariant I2).
 */
export interface Counters {
  /**
   * Adds `by` (default 1) to the counter with this name and these `labels`. The caller must bound
   * the number of distinct label values.
   */
  add(name: string, by?: number, labels?: Labelled['labels']): void;
  gauge(name: string, read: () => number | readonly Labelled[]): void;
  /** Adds what another part counts by itself. It must bound the number of its readings. */
  collect(read: () => Iterable<Reading>): void;
  read(): Reading[];
}

/**
 * Holds one value of a gauge that has several values, told apart by labels. The function that reads
 * the gauge must bound the number of values.
 */
export interface Labelled {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface Reading extends Partial<Labelled> {
  name: string;
  /** Of a histogram, how many values it has counted. */
  value: number;
  kind: 'counter' | 'gauge' | 'histogram';
  histogram?: Histogram;
}

/** Counts values by size, as OpenMetrics has them. */
export interface Histogram {
  /** Upper bounds, the lowest first. */
  bounds: readonly number[];
  /** Values up to each bound and above the bound before; the last count has no bound. */
  counts: number[];
  sum: number;
}

export function createCounters(): Counters {
  const counts = new Map<string, number>();
  const labelled = new Map<string, Reading>();
  const collected: (() => Iterable<Reading>)[] = [];
  const gauges = new Map<string, () => number | readonly Labelled[]>();
  return {
    add(name, by = 1, labels) {
      if (labels === undefined) return void counts.set(name, (counts.get(name) ?? 0) + by);
      const key = JSON.stringify([name, labels]);
      const known = labelled.get(key);
      if (known === undefined) labelled.set(key, { name, labels, value: by, kind: 'counter' });
      else known.value += by;
    },
    gauge: (name, read) => void gauges.set(name, read),
    collect: (read) => void collected.push(read),
    read: () => [
      ...[...counts].map(([name, value]) => ({ name, value, kind: 'counter' as const })),
      ...labelled.values(),
      ...[...gauges].flatMap(([name, read]) => {
        const values = read();
        const list = typeof values === 'number' ? [{ value: values }] : values;
        return list.map((one) => ({ ...one, name, kind: 'gauge' as const }));
      }),
      ...collected.flatMap((read) => [...read()]),
    ],
  };
}
