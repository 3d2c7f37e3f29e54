import type {
  DashboardSettings,
  DefinitionCheck,
  DefinitionItem,
  LearnedType,
} from '@fermata/server/contract';
import { ApiError, get } from './api.ts';

/** Requests of the API for flow definitions, learned behaviour and settings of the dashboard. */
export const settingsApi = {
  definitions: () => get<{ items: DefinitionItem[] }>('/api/v1/definitions'),
  checkDefinition: (yaml: string, signal: AbortSignal) =>
    get<DefinitionCheck>('/api/v1/definitions/check', signal, { yaml }),
  saveDefinition: (yaml: string) =>
    get<{ changed: number }>('/api/v1/definitions', undefined, { yaml }),
  learned: (type: string, signal: AbortSignal) =>
    get<{ items: LearnedType[] }>(
      `/api/v1/flow-types/${encodeURIComponent(type)}/expectations`,
      signal,
    ),
  settings: () => get<DashboardSettings>('/api/v1/settings'),
  saveSettings: (settings: DashboardSettings) =>
    get<DashboardSettings>('/api/v1/settings', undefined, settings),
  /**
   * Returns the server's own metrics by name. Values that differ only in their labels are added.
   */
  async metrics(): Promise<Map<string, number>> {
    const response = await fetch('/metrics').catch(() => null);
    if (response?.ok !== true) throw new ApiError(NO_METRICS);
    return figuresIn(await response.text());
  },
};

const NO_METRICS = {
  ...{ type: 'about:blank', title: 'offline', status: 0, code: 'offline' },
  detail: 'The figures of the server cannot be read.',
};

/** Parses metrics in the OpenMetrics text format. */
export function figuresIn(text: string): Map<string, number> {
  const figures = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{[^}]*\})? (-?[\d.e+-]+)/.exec(line);
    if (match === null) continue;
    const [, name = '', value = ''] = match;
    figures.set(name, (figures.get(name) ?? 0) + Number(value));
  }
  return figures;
}
