export { coarsened, criticalPath, timeSpent, type Segment } from './critical-path.ts';
