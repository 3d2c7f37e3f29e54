type Sample = readonly [atMs: number, openCount: number];

/**
 * Maximum number of samples in the trend of an incident. It is small, because the incident is sent
 * to dashboards after each change.
 */
const MAX_SAMPLES = 60;
const FIRST_STEP_MS = 5000;

/**
 * Adds the present number of flows in the incident to its trend. Each time slot keeps its last
 * number. The slots grow with the age of the incident, so that their number stays limited.
 */
export function addSample(trend: Sample[], nowMs: number, openCount: number): void {
  add(trend, [nowMs, openCount]);
  if (trend.length <= MAX_SAMPLES) return;
  const all = trend.splice(0);
  // There are too many samples. Sort all of them into larger slots, whose size is determined by the
  // newest sample.
  for (const sample of all) add(trend, sample, nowMs);
}

function add(trend: Sample[], sample: Sample, nowMs = sample[0]): void {
  const firstMs = trend[0]?.[0] ?? sample[0];
  let stepMs = FIRST_STEP_MS;
  while ((nowMs - firstMs) / stepMs >= MAX_SAMPLES - 1) stepMs *= 2;
  const slotOf = (atMs: number): number => Math.floor((atMs - firstMs) / stepMs);
  const last = trend.at(-1);
  // A slot keeps the time of its first sample, because the slots are counted from the very first
  // sample. The final sample (0 flows) always gets an entry of its own, so that the trend of a
  // short incident also shows how large it was.
  const isEnd = sample[1] === 0;
  if (last !== undefined && !isEnd && slotOf(last[0]) === slotOf(sample[0]))
    trend[trend.length - 1] = [last[0], sample[1]];
  else trend.push(sample);
}
