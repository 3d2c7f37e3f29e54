export { causalShifts } from './causal-time.ts';
export { createClocks, RIGHT_CLOCKS, type Clocks } from './clocks/index.ts';
export { createProjectedLately } from './clocks/projected-lately.ts';
export { splitRuns } from './runs.ts';
export { flowIdOf, toTimeline } from './timeline.ts';
