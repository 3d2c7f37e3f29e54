/**
 * Registry of the server's counters and gauges, which /metrics exports. Every dropped record is
 * counted (invariant I2).
 */
export interface Counters {
  /**
   * Adds `by` (default 1) to the counter with this name and these `labels`. The caller must limit
   * the number of different label values.
   */
  add(name: string, by?: number, labels?: Labelled['labels']): void;
  gauge(name: string, read: () => number | readonly Labelled[]): void;
  /** Registers a source of further readings. The source must limit the number of its readings. */
  collect(read: () => Iterable<Reading>): void;
  read(): Reading[];
}

/**
 * One of several values of a gauge, distinguished by labels. The function that reads the gauge must
 * limit the number of values.
 */
export interface Labelled {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface Reading extends Partial<Labelled> {
  name: string;
  /** Value of the counter or gauge. For a histogram, the number of observed values. */
  value: number;
  kind: 'counter' | 'gauge' | 'histogram';
  histogram?: Histogram;
}

/** Counts observed values by size, as OpenMetrics defines it. */
export interface Histogram {
  /** Upper bounds of the buckets, ascending. */
  bounds: readonly number[];
  /** Number of values in each bucket, not cumulative. The last bucket has no upper bound. */
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
