import type { FlowSummary, FlowTypeSummary, Problem } from '@fermata/server/contract';
import { readScope, scopeParameters, scopeProblem, spanOf, type Scope } from './scope.ts';
import { nanosToMs } from '../ui/format.ts';

/**
 * The filter of the explorer, which is kept in the URL. Except for the query `q`, it can be
 * evaluated without the server.
 */
export interface Filter extends Scope {
  q: string;
  type: string;
  /** One status, or several with commas between them. */
  status: string;
  service: string;
  /** Key of an incident. Only flows of this incident are shown. */
  incident: string;
}

const NAMES = ['q', 'type', 'status', 'service', 'incident'] as const;

export function readFilter(query: URLSearchParams): Filter {
  const get = (name: string): string => query.get(name) ?? '';
  return {
    q: get('q'),
    type: get('type'),
    status: get('status'),
    service: get('service'),
    incident: get('incident'),
    ...readScope(query),
  };
}

/**
 * Returns the query string for the URL of a flow. It names the list from which the flow was opened.
 */
export const fromList = (query: string): string =>
  query === '' ? '' : `?list=${encodeURIComponent(query)}`;
export const isFiltered = (filter: Filter): boolean =>
  Object.values(filter).some((value) => value !== '');

/**
 * Returns the problem of a filter with an invalid time range; null if the range is valid. The
 * server cannot check it, because relative ranges are resolved here.
 */
export function problemOf(filter: Filter): Problem | null {
  const detail = scopeProblem(filter);
  return detail === null
    ? null
    : {
        type: 'about:blank',
        title: 'query.invalid',
        status: 400,
        code: 'query.invalid',
        detail,
        hint: 'The search accepts other times: since:3d, before:2026-01-31.',
      };
}

/**
 * Returns the flow type or service in the filter if it does not exist, so that an empty list can be
 * explained; null if both exist.
 */
export function unknownOf(filter: Filter, types: readonly FlowTypeSummary[]): Unknown | null {
  const there = {
    type: types.map((one) => one.type),
    service: types.flatMap((one) => one.services),
  };
  for (const what of ['type', 'service'] as const)
    if (filter[what] !== '' && !there[what].includes(filter[what]))
      return { what, value: filter[what], there: [...new Set(there[what])].sort() };
  return null;
}
export interface Unknown {
  what: 'type' | 'service';
  value: string;
  there: string[];
}

/** Returns the API parameters for a filter. A relative time range ends at `nowMs`. */
export function toQuery(filter: Filter, nowMs: number, limit?: number): URLSearchParams {
  const query = new URLSearchParams(scopeParameters(filter, nowMs));
  if (limit !== undefined) query.set('limit', String(limit));
  for (const name of NAMES) if (filter[name] !== '') query.set(name, filter[name]);
  return query;
}

/**
 * Returns whether only the server can evaluate the filter. Such a list is reloaded instead of being
 * updated by pushed changes.
 */
export const needsServer = (filter: Filter): boolean => filter.q !== '';

/** Returns a function that tells whether a flow matches the filter at `nowMs`. */
export function matcher(filter: Filter, nowMs: number): (flow: FlowSummary) => boolean {
  const { type, environment, incident, service } = filter;
  const { fromMs, toMs } = spanOf(filter, nowMs);
  const statuses = filter.status === '' ? null : filter.status.split(',');
  return (flow) => {
    const startedMs = fromMs === null && toMs === null ? null : nanosToMs(flow.startedAtUnixNano);
    return (
      (type === '' || flow.type === type) &&
      (statuses === null || statuses.includes(flow.status)) &&
      (environment === '' || flow.environment === environment) &&
      (incident === '' || flow.findings.some((one) => one.incident === incident)) &&
      (service === '' || flow.services.includes(service)) &&
      (startedMs === null ||
        ((fromMs === null || startedMs >= fromMs) && (toMs === null || startedMs < toMs)))
    );
  };
}
