export type * from './flow.ts';
export { FLOW_STATUSES } from './flow.ts';
export type * from './push.ts';
export type * from './problem.ts';
export type * from './about.ts';
export type * from './incident.ts';
export type * from './health.ts';
export type * from './lenses.ts';
export type * from './definition.ts';
