import type { FlowSummary } from '@fermata/server/contract';

/** The filter as it stands in the URL, and what of it can be judged without asking the server. */
export interface Filter {
  q: string;
  type: string;
  status: string;
  service: string;
  range: string;
  /** Key of an incident: the flows in it. */
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
  const range = get('range');
  return {
    q: get('q'),
    type: get('type'),
    status: get('status'),
    service: get('service'),
    range: range in RANGES ? range : '',
    incident: get('incident'),
  };
}

export function toQuery(filter: Filter, now: number, limit: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const name of ['q', 'type', 'status', 'service', 'incident'] as const)
    if (filter[name] !== '') query.set(name, filter[name]);
  const { ms } = RANGES[filter.range]!;
  if (ms !== Infinity) query.set('from', new Date(now - ms).toISOString());
  return query;
}

/** Text search is the server's: such lists are loaded again instead of merged. */
export const needsServer = (filter: Filter): boolean => filter.q !== '';

export function matches(filter: Filter, flow: FlowSummary): boolean {
  return (
    (filter.type === '' || flow.type === filter.type) &&
    (filter.status === '' || flow.status === filter.status) &&
    (filter.incident === '' || flow.findings.some((one) => one.incident === filter.incident)) &&
    (filter.service === '' || flow.services.includes(filter.service))
  );
}
