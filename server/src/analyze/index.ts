export { criticalPath, type Segment } from './critical-path.ts';
