/** Counters and gauges of the running server, shown at /metrics. Every drop has one (invariant I2). */
export interface Counters {
  add(name: string, by?: number): void;
  gauge(name: string, read: () => number): void;
  read(): { name: string; value: number; kind: 'counter' | 'gauge' }[];
}

export function createCounters(): Counters {
  const counts = new Map<string, number>();
  const gauges = new Map<string, () => number>();
  return {
    add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    gauge: (name, read) => void gauges.set(name, read),
    read: () => [
      ...[...counts].map(([name, value]) => ({ name, value, kind: 'counter' as const })),
      ...[...gauges].map(([name, read]) => ({ name, value: read(), kind: 'gauge' as const })),
    ],
  };
}
