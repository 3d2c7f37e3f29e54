import type { TrendAnswer } from '@fermata/server/contract';

/**
 * Layers of a stacked bar with the statuses that each counts, from the bottom up. The most urgent
 * is on top.
 */
const LAYERS = [
  ['done', ['completed']],
  ['undone', ['compensated', 'cancelled']],
  ['running', ['active', 'compensating']],
  ['failed', ['failed', 'timed_out']],
  ['late', ['late']],
  ['stuck', ['stuck']],
] as const;
export type Layer = (typeof LAYERS)[number][0];

export interface BarLayer {
  name: Layer;
  counts: number[];
}
export interface Bars {
  /** Start of each bar, epoch ms. All bars cover the same length of time. */
  starts: number[];
  bucketMs: number;
  layers: BarLayer[];
  most: number;
}

/** Returns a bar for each bucket between `fromMs` and `toMs`, including buckets without flows. */
export function barsOf(
  { bucketMs, buckets }: Pick<TrendAnswer, 'bucketMs' | 'buckets'>,
  fromMs: number,
  toMs: number,
): Bars {
  const first = Math.floor(fromMs / bucketMs);
  const count = Math.max(1, Math.ceil(toMs / bucketMs) - first);
  const layers = LAYERS.map(([name]) => ({ name, counts: new Array<number>(count).fill(0) }));
  for (const { at, counts } of buckets) {
    const place = Math.round(Date.parse(at) / bucketMs) - first;
    if (place < 0 || place >= count) continue;
    LAYERS.forEach(([, statuses], i) => {
      for (const status of statuses) layers[i]!.counts[place]! += counts[status] ?? 0;
    });
  }
  const sums = Array.from({ length: count }, (_bar, i) =>
    layers.reduce((all, layer) => all + layer.counts[i]!, 0),
  );
  return {
    starts: sums.map((_sum, i) => (first + i) * bucketMs),
    bucketMs,
    layers: layers.filter((layer) => layer.counts.some((flows) => flows > 0)),
    most: Math.max(1, ...sums),
  };
}

/** Returns times for the marks of an axis: round ones, and about `most` of them at the most. */
export function marksOf(fromMs: number, toMs: number, most: number): number[] {
  const step = STEPS_MS.find((ms) => (toMs - fromMs) / ms <= most) ?? STEPS_MS.at(-1)!;
  const offset = new Date(fromMs).getTimezoneOffset() * 60_000;
  const marks: number[] = [];
  for (let at = Math.ceil((fromMs - offset) / step) * step + offset; at <= toMs; at += step)
    marks.push(at);
  return marks.slice(0, 4 * most);
}
const STEPS_MS = [
  ...[5, 10, 30].map((s) => s * 1000),
  ...[1, 2, 5, 10, 15, 30].map((m) => m * 60_000),
  ...[1, 2, 3, 6, 12].map((h) => h * 3_600_000),
  ...[1, 2, 7, 14, 30, 90].map((d) => d * 86_400_000),
  // Imported history may be of any age.
  ...[1, 2, 5, 10, 20, 50, 100].map((years) => years * 365 * 86_400_000),
];

/** Deployments and incidents within one bar, drawn as one line. */
export interface ChangeLine {
  /** Time of the first of them, epoch ms. */
  ms: number;
  isBad: boolean;
  texts: string[];
}

/**
 * Returns the deployments and incidents as lines, one for each bar that has any, in order of time.
 * More lines within a bar would hide it. Of more than `most` lines, the latest are returned.
 */
export function changeLines(
  annotations: TrendAnswer['annotations'],
  { starts, bucketMs }: Pick<Bars, 'starts' | 'bucketMs'>,
  most: number,
): ChangeLine[] {
  const lines = new Map<number, ChangeLine>();
  for (const { at, kind, text } of annotations) {
    const ms = Date.parse(at);
    const place = Math.floor((ms - starts[0]!) / bucketMs);
    if (kind === 'variant' || place < 0 || place >= starts.length) continue;
    const line = lines.get(place) ?? { ms, isBad: false, texts: [] };
    line.ms = Math.min(line.ms, ms);
    line.isBad ||= kind === 'incident';
    line.texts.push(text);
    lines.set(place, line);
  }
  return [...lines.values()].sort((a, b) => a.ms - b.ms).slice(-most);
}
