type Sample = readonly [atMs: number, openCount: number];

/** Maximum number of samples of one incident, which is pushed to dashboards with each change. */
const MAX_SAMPLES = 60;
const FIRST_STEP_MS = 5000;

/**
 * Adds to the trend how many flows are in the incident now. Each slot of time keeps its last
 * number. The slots grow with the age of the incident, so that their number stays bounded.
 */
export function addSample(trend: Sample[], nowMs: number, openCount: number): void {
  add(trend, [nowMs, openCount]);
  if (trend.length <= MAX_SAMPLES) return;
  const all = trend.splice(0);
  // The newest sample makes the slots of all, because their size depends on the age.
  for (const sample of all) add(trend, sample, nowMs);
}

function add(trend: Sample[], sample: Sample, nowMs = sample[0]): void {
  const firstMs = trend[0]?.[0] ?? sample[0];
  let stepMs = FIRST_STEP_MS;
  while ((nowMs - firstMs) / stepMs >= MAX_SAMPLES - 1) stepMs *= 2;
  const slotOf = (atMs: number): number => Math.floor((atMs - firstMs) / stepMs);
  const last = trend.at(-1);
  // A sample keeps the instant of its slot's first number, because slots count from the first one.
  // The end is a sample of its own, so that a short incident shows how large it was. An incident
  // ends once, so this adds no more than one.
  const isEnd = sample[1] === 0;
  if (last !== undefined && !isEnd && slotOf(last[0]) === slotOf(sample[0]))
    trend[trend.length - 1] = [last[0], sample[1]];
  else trend.push(sample);
}
