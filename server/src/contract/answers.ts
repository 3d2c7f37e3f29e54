import type { About } from './about.ts';
import type {
  DashboardSettings,
  DefinitionCheck,
  DefinitionItem,
  LearnedType,
} from './definition.ts';
import type { FormatInfo } from './exchange.ts';
import type { Facet, Flow, FlowList, FlowTypeSummary, List, Page, ServiceSummary } from './flow.ts';
import type { Health, Readiness } from './health.ts';
import type {
  AlertRoute,
  AlertRule,
  AlertRules,
  Channel,
  Incident,
  IncidentList,
  Notification,
  RulePreview,
  SavedView,
  Silence,
  SilencePreview,
} from './incident.ts';
import type {
  CoordinationAnswer,
  DifferencesAnswer,
  FailureNotes,
  FailuresAnswer,
  LatencyAnswer,
  MapAnswer,
  TrendAnswer,
  VariantsAnswer,
} from './lenses.ts';
import type { FlowLogs } from './logs.ts';
import type { Overview } from './overview.ts';
import type { SpanList } from './span.ts';
import type { Count } from './units.ts';

/** Answer to an operation that was done and has nothing to return. */
export interface Done {
  ok: true;
}

/** A complete list, which is not divided into pages. */
export interface All<T> {
  items: T[];
}

/**
 * Maps the name of each operation of the API to the type of its answer. The schemas of
 * `/api/openapi.json` are made from these types by `npm run contract`, and the compiler checks that
 * the routes return these types.
 */
export interface Answers {
  getHealthz: Done;
  getReadyz: Readiness;
  getMetrics: string;
  getHealth: Health;
  getAbout: About;
  listFlows: FlowList;
  getFlow: Flow;
  listSpans: SpanList;
  listLogs: FlowLogs;
  getExpectations: { type: string; items: LearnedType[] };
  suggest: All<string>;
  listFlowTypes: Page<FlowTypeSummary>;
  listServices: Page<ServiceSummary>;
  countFacets: All<Facet>;
  getOverview: Overview;
  lookAtMap: MapAnswer;
  lookAtVariants: VariantsAnswer;
  lookAtLatency: LatencyAnswer;
  lookAtFailures: FailuresAnswer;
  lookAtDifferences: DifferencesAnswer;
  lookAtCoordination: CoordinationAnswer;
  lookAtTrend: TrendAnswer;
  acknowledgeFailure: FailureNotes;
  resolveFailure: FailureNotes;
  noteFailure: FailureNotes;
  listIncidents: IncidentList;
  getIncident: Incident;
  acknowledgeIncident: Incident;
  resolveIncident: Incident;
  noteIncident: Incident;
  acceptIncident: Incident;
  listNotifications: List<Notification>;
  listSilences: All<Silence>;
  addSilence: Silence;
  previewSilence: SilencePreview;
  endSilence: Silence;
  listChannels: All<Channel>;
  listAlertRoutes: All<AlertRoute>;
  testChannel: Done;
  listRules: AlertRules;
  saveRule: AlertRule;
  previewRule: RulePreview;
  deleteRule: Done;
  listDefinitions: All<DefinitionItem>;
  define: { changed: Count };
  checkDefinitions: DefinitionCheck;
  listViews: All<SavedView>;
  saveView: SavedView;
  deleteView: Done;
  getSettings: DashboardSettings;
  saveSettings: DashboardSettings;
  listFormats: All<FormatInfo>;
  exportFlows: unknown;
  exportFlow: unknown;
  importFile: string;
}
