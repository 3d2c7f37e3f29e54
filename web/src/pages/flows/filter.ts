import type { FlowSummary, FlowTypeSummary, Problem } from '@fermata/server/contract';
import { nanosToMs } from '../../ui/format.ts';

/**
 * The filter of the list, which is kept in the URL. All fields but the query `q` can be evaluated
 * without the server.
 */
export interface Filter {
  q: string;
  type: string;
  status: string;
  service: string;
  range: string;
  /** Key of an incident. Only flows of this incident are shown. */
  incident: string;
}

export const RANGES: Record<string, { label: string; ms: number }> = {
  '15m': { label: 'Last 15 minutes', ms: 900_000 },
  '1h': { label: 'Last hour', ms: 3_600_000 },
  '24h': { label: 'Last 24 hours', ms: 86_400_000 },
  '': { label: 'All time', ms: Infinity },
};

export function readFilter(query: URLSearchParams): Filter {
  const get = (name: string): string => query.get(name) ?? '';
  return {
    q: get('q'),
    type: get('type'),
    status: get('status'),
    service: get('service'),
    range: get('range'),
    incident: get('incident'),
  };
}

export const rangeMs = ({ range }: Filter): number =>
  Object.hasOwn(RANGES, range) ? RANGES[range]!.ms : Infinity;
/**
 * Returns the parameters that are added to a flow's address, so that the address names the list
 * from which the flow was opened.
 */
export const fromList = (query: string): string =>
  query === '' ? '' : `?list=${encodeURIComponent(query)}`;
export const isFiltered = (filter: Filter): boolean =>
  Object.values(filter).some((value) => value !== '');

/**
 * Returns the problem of a filter with an invalid range; null if the range is valid. Only this page
 * can detect the problem, because the server does not know ranges.
 */
export function problemOf({ range }: Filter): Problem | null {
  if (Object.hasOwn(RANGES, range)) return null;
  const there = Object.keys(RANGES).filter((name) => name !== '');
  return {
    type: 'about:blank',
    title: 'query.invalid',
    status: 400,
    code: 'query.invalid',
    detail: `range: "${range}" is none of ${there.join(', ')}`,
    hint: 'The search accepts other times: since:3d, before:2026-01-31.',
  };
}

/**
 * Returns the flow type or service in the filter that does not exist, so that an empty list can say
 * so; null if both exist.
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

export function toQuery(filter: Filter, now: number, limit: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const name of ['q', 'type', 'status', 'service', 'incident'] as const)
    if (filter[name] !== '') query.set(name, filter[name]);
  const ms = rangeMs(filter);
  if (ms !== Infinity) query.set('from', new Date(now - ms).toISOString());
  return query;
}

/**
 * Returns whether only the server can evaluate the filter. The list of such a filter is reloaded,
 * and pushed changes are not merged into it.
 */
export const needsServer = (filter: Filter): boolean => filter.q !== '';

export function matches(filter: Filter, flow: FlowSummary, nowMs: number): boolean {
  return (
    (filter.type === '' || flow.type === filter.type) &&
    (filter.status === '' || flow.status === filter.status) &&
    (filter.incident === '' || flow.findings.some((one) => one.incident === filter.incident)) &&
    (filter.service === '' || flow.services.includes(filter.service)) &&
    nanosToMs(flow.startedAtUnixNano) >= nowMs - rangeMs(filter)
  );
}
