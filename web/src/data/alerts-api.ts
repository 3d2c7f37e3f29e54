import type {
  AlertRoute,
  AlertRule,
  AlertRuleDraft,
  AlertRules,
  RulePreview,
  Silence,
  SilenceDraft,
  SilencePreview,
} from '@fermata/server/contract';
import { get } from './api.ts';

/** Requests of the API for alert rules, routes and silences. */
export const alertsApi = {
  rules: () => get<AlertRules>('/api/v1/alerts/rules'),
  saveRule: (rule: AlertRuleDraft) => get<AlertRule>('/api/v1/alerts/rules', undefined, rule),
  deleteRule: (name: string) =>
    get<object>(`/api/v1/alerts/rules/${encodeURIComponent(name)}/delete`, undefined, {}),
  previewRule: (rule: Partial<AlertRuleDraft>, signal: AbortSignal) =>
    get<RulePreview>('/api/v1/alerts/rules/preview', signal, rule),
  routes: () => get<{ items: AlertRoute[] }>('/api/v1/alerts/routes'),
  silence: (draft: SilenceDraft) => get<Silence>('/api/v1/alerts/silences', undefined, draft),
  previewSilence: (draft: SilenceDraft, signal: AbortSignal) =>
    get<SilencePreview>('/api/v1/alerts/silences/preview', signal, draft),
};
