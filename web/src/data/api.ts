import type {
  About,
  AlertRule,
  Channel,
  Flow,
  FlowList,
  FlowTypeSummary,
  Health,
  Incident,
  IncidentList,
  List,
  Notification,
  Problem,
  ServiceSummary,
  Silence,
  SpanList,
  SavedView,
} from '@fermata/server/contract';

/**
 * An error that carries the problem with which the server answered, so that the page can show it.
 */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Requests an answer in JSON; with a body, by POST. Rejects with an `ApiError`. */
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

export const api = {
  health: () => get<Health>('/api/v1/health'),
  about: () => get<About>('/api/v1/about'),
  flows: (query: URLSearchParams, signal?: AbortSignal) =>
    get<FlowList>(`/api/v1/flows?${query}`, signal),
  flow: (id: string, signal?: AbortSignal) =>
    get<Flow>(`/api/v1/flows/${encodeURIComponent(id)}`, signal),
  spans: (id: string) => get<SpanList>(`/api/v1/flows/${encodeURIComponent(id)}/spans`),
  incidents: () => get<IncidentList>('/api/v1/incidents'),
  incident: (id: string) => get<Incident>(`/api/v1/incidents/${encodeURIComponent(id)}`),
  editIncident: (id: string, verb: 'ack' | 'resolve' | 'note' | 'accept', text: string) =>
    get<Incident>(`/api/v1/incidents/${encodeURIComponent(id)}/${verb}`, undefined, { text }),
  notifications: () => get<List<Notification>>('/api/v1/alerts/notifications'),
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
