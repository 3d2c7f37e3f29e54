export { coarsened, criticalPath, type Segment } from './critical-path.ts';
