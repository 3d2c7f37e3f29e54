import { coordination } from './questions/coordination.ts';
import { differences } from './questions/differences.ts';
import { explain } from './questions/explain.ts';
import { failures } from './questions/failures.ts';
import { find } from './questions/find.ts';
import { health } from './questions/health.ts';
import { incidents } from './questions/incidents.ts';
import { latency } from './questions/latency.ts';
import { logs } from './questions/logs.ts';
import { map } from './questions/map.ts';
import { overview } from './questions/overview.ts';
import { services } from './questions/services.ts';
import { spans } from './questions/spans.ts';
import { usual } from './questions/usual.ts';
import { variants } from './questions/variants.ts';
import type { Question } from './question.ts';

export { AskError, createClient, queryOf, type Client, type Parameters } from './client.ts';
export { FILTER, filterSchema, parametersOf, type FilterInput } from './filter.ts';
export { safeJson, withinLimit } from './text/json.ts';
export { oneLine } from './text/table.ts';
export { flowNamed, statusOf } from './questions/flow.ts';
export { alertingOf } from './questions/told.ts';
export type { Question } from './question.ts';

/** All questions, in the order in which people usually need them. */
export const QUESTIONS: readonly Question[] = [
  ...[overview, find, explain, logs, spans, incidents, failures, latency, map, variants],
  ...[differences, services, coordination, usual, health],
];
