import type {
  About,
  AlertRule,
  Channel,
  Facet,
  CoordinationAnswer,
  DifferencesAnswer,
  FailuresAnswer,
  Flow,
  FlowList,
  FlowLogs,
  FormatInfo,
  FlowTypeSummary,
  Health,
  Incident,
  IncidentList,
  LatencyAnswer,
  List,
  MapAnswer,
  Notification,
  Overview,
  Problem,
  ServiceSummary,
  Silence,
  SpanList,
  SavedView,
  TrendAnswer,
  VariantsAnswer,
} from '@fermata/server/contract';

/** An error with the problem document that the server answered, so that a page can show it. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Requests JSON: by POST if there is a body, else by GET. Rejects with an `ApiError`. */
export async function get<T>(path: string, signal?: AbortSignal, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      ...(signal && { signal }),
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({
      type: 'about:blank',
      title: 'offline',
      status: 0,
      code: 'offline',
      detail: 'The server cannot be reached.',
      hint: 'Is Fermata running? This page retries automatically.',
    });
  }
  if (response.ok) return (await response.json()) as T;
  const problem: unknown = await response.json().catch(() => ({
    title: response.statusText,
    detail: response.statusText,
    code: 'query.failed',
    type: 'about:blank',
  }));
  throw new ApiError({ ...(problem as Problem), status: response.status });
}

/** Types of the answers of lenses, by name. A lens is one kind of statistics about many flows. */
interface Lenses {
  map: MapAnswer;
  latency: LatencyAnswer;
  variants: VariantsAnswer;
  failures: FailuresAnswer;
  differences: DifferencesAnswer;
  coordination: CoordinationAnswer;
  trend: TrendAnswer;
}

export const api = {
  health: () => get<Health>('/api/v1/health'),
  about: () => get<About>('/api/v1/about'),
  flows: (query: URLSearchParams, signal?: AbortSignal) =>
    get<FlowList>(`/api/v1/flows?${query}`, signal),
  overview: (scope: Record<string, string>, signal: AbortSignal) =>
    get<Overview>(`/api/v1/overview?${new URLSearchParams(scope).toString()}`, signal),
  facets: (query: URLSearchParams, signal: AbortSignal) =>
    get<{ items: Facet[] }>(`/api/v1/facets?${query}`, signal),
  lens: <Name extends keyof Lenses>(name: Name, query: URLSearchParams, signal?: AbortSignal) =>
    get<Lenses[Name]>(`/api/v1/lenses/${name}?${query}`, signal),
  /** Records what the team knows about a group of failures: acknowledged, resolved, or a note. */
  noteFailure: (fingerprint: string, verb: 'ack' | 'resolve' | 'note', text: string) =>
    get<object>(`/api/v1/failures/${encodeURIComponent(fingerprint)}/${verb}`, undefined, { text }),
  flow: (id: string, signal?: AbortSignal, part?: URLSearchParams) =>
    get<Flow>(`/api/v1/flows/${encodeURIComponent(id)}${part ? `?${part}` : ''}`, signal),
  spans: (id: string) => get<SpanList>(`/api/v1/flows/${encodeURIComponent(id)}/spans`),
  logs: (id: string, query: URLSearchParams, signal: AbortSignal) =>
    get<FlowLogs>(`/api/v1/flows/${encodeURIComponent(id)}/logs?${query}`, signal),
  formats: () => get<{ items: FormatInfo[] }>('/api/v1/formats'),
  incidents: () => get<IncidentList>('/api/v1/incidents'),
  incident: (id: string) => get<Incident>(`/api/v1/incidents/${encodeURIComponent(id)}`),
  editIncident: (id: string, verb: 'ack' | 'resolve' | 'note' | 'accept', text: string) =>
    get<Incident>(`/api/v1/incidents/${encodeURIComponent(id)}/${verb}`, undefined, { text }),
  notifications: (incidentId?: string) =>
    get<List<Notification>>(
      `/api/v1/alerts/notifications${incidentId === undefined ? '' : `?${new URLSearchParams({ incidentId })}`}`,
    ),
  channels: () => get<{ items: Channel[] }>('/api/v1/alerts/channels'),
  testChannel: (name: string) =>
    get<object>(`/api/v1/alerts/channels/${encodeURIComponent(name)}/test`, undefined, {}),
  rules: () => get<{ items: AlertRule[] }>('/api/v1/alerts/rules'),
  silences: () => get<{ items: Silence[] }>('/api/v1/alerts/silences'),
  addSilence: (silence: Partial<Silence> & { minutes: number }) =>
    get<Silence>('/api/v1/alerts/silences', undefined, silence),
  endSilence: (id: string) =>
    get<Silence>(`/api/v1/alerts/silences/${encodeURIComponent(id)}/end`, undefined, {}),
  suggest: (q: string, signal: AbortSignal) =>
    get<{ items: string[] }>(`/api/v1/search/suggest?q=${encodeURIComponent(q)}`, signal),
  views: () => get<{ items: SavedView[] }>('/api/v1/views'),
  saveView: (view: SavedView) => get<SavedView>('/api/v1/views', undefined, view),
  deleteView: (name: string) =>
    get<object>(`/api/v1/views/${encodeURIComponent(name)}/delete`, undefined, {}),
  flowTypes: () => get<List<FlowTypeSummary>>('/api/v1/flow-types'),
  services: () => get<List<ServiceSummary>>('/api/v1/services'),
};
