import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type {
  About,
  AlertRuleDraft,
  Answers,
  FormatInfo,
  ImportProgress,
  ImportReport,
  LearnedType,
} from '../contract/index.ts';
import type { Definition, StoredDefinition } from '../model/definition.ts';
import type { KeptLogs } from '../model/log-record.ts';
import type { Flow } from '../model/flow.ts';
import type { OtlpLog, OtlpSpan } from '../model/otlp.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Incident, IncidentPart, Notification, Silence } from '../model/incident.ts';
import type { DocumentStore, QueryStore } from '../store/index.ts';
import { FermataError } from '../base/errors.ts';
import { invalid } from './search.ts';

/** This file has the types of a route, and of the parts of the server that routes use. */

/** Access to incidents and their notifications, implemented by `alert`. */
export interface IncidentApi {
  incidents(): Incident[];
  incident(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  notifications(limit: number, incidentId?: string): Promise<Notification[]>;
  hasForgotten(incidentId: string): boolean;
  silences(): Silence[];
  silence(silence: Omit<Silence, 'id' | 'createdAt' | 'version'>): Promise<Silence>;
  heldBack(scope: Pick<Silence, 'rule' | 'flowType' | 'service' | 'incidentId'>): {
    held: Incident[];
    partly: Incident[];
  };
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): ChannelState[];
  routes(): readonly AlertRouteState[];
  channelsFor(part: Pick<IncidentPart, 'rule' | 'severity' | 'flowType'>): string[];
  test(channel: string): Promise<void>;
}

/** State of a channel. Instants are epoch ms. */
export interface ChannelState {
  name: string;
  kind: string;
  address: string;
  deliveredAt: number | null;
  refusingSince: number | null;
  lastError: string;
}

/**
 * A route of notifications as `alert` keeps it. `mute` has minutes since midnight, and days from
 * Sunday (0).
 */
export interface AlertRouteState {
  severities: readonly string[];
  rules: readonly string[];
  types: readonly string[];
  services: readonly string[];
  channels: readonly string[];
  groupWaitMs: number;
  repeatMs: number;
  mute: readonly { days: readonly number[]; fromMinute: number; toMinute: number; zone: string }[];
  escalate: { afterMs: number; to: string } | null;
}

/** Access to the operator's rules, implemented by `alert`. */
export interface RuleRegistry {
  list(): readonly QueryRule[];
  check(fields: AlertRuleDraft): QueryRule;
  save(fields: AlertRuleDraft): Promise<QueryRule>;
  remove(name: string): Promise<boolean>;
}

/** Access to the definitions that are in force, implemented by `engine`. */
export interface DefinitionRegistry {
  list(): StoredDefinition[];
  define(definitions: readonly Definition[], source: 'api'): Promise<number>;
}

/**
 * Reads definitions. The format is known only to `expect`. The reader of `expect` is passed in, so
 * that the folder `query` does not import `expect`.
 */
export type ReadDefinitions = (
  input: unknown,
) => Promise<{ definitions: Definition[]; problems: string[] }>;

/** Import and export of flows in foreign formats, implemented by `exchange`. */
export interface ExchangeApi {
  formats(): FormatInfo[];
  format(name: string, what: 'imports' | 'exports' | 'exportsOne'): FormatInfo;
  write(format: string, source: ExportedFlows): AsyncIterable<string>;
  writeOne(format: string, flow: Flow, source: ExportedFlows): AsyncIterable<string>;
  import(
    chunks: AsyncIterable<Uint8Array>,
    request: {
      format: string;
      environment: string;
      teaches: boolean;
      flowType: string;
      caseType: string;
      columns: Readonly<Record<string, string>>;
      /** Aborted once the client is gone. */
      signal: AbortSignal;
    },
    report: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
}

/**
 * Flows to export: without timelines (`heads`), with timelines (`flows`), and the raw spans of
 * each.
 */
export interface ExportedFlows {
  heads: () => AsyncIterable<Flow>;
  flows: () => AsyncIterable<Flow>;
  spansOf: (
    flow: Flow,
  ) => Promise<
    readonly ({ span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined })[]
  >;
}

export interface QueryContext {
  store: QueryStore;
  /**
   * Access to saved views, notes on failures and settings, which are all that routes write to the
   * store.
   */
  views: DocumentStore<'view' | 'failure' | 'settings'>;
  alerts: IncidentApi;
  expectations: {
    inspect(type: string): LearnedType[];
    learnedFlows(type: string, environment: string): number;
  };
  definitions: DefinitionRegistry;
  readDefinitions: ReadDefinitions;
  /** Returns a definition as YAML, as people write it. */
  definitionText(definition: Definition): string;
  /**
   * Records that the given step is no longer expected, because an operator says that it is rightly
   * missing. Resolves to whether the step was known from earlier flows.
   */
  accept(gone: Pick<Incident, 'environment' | 'flowType' | 'step' | 'service'>): Promise<boolean>;
  /** Returns the processes whose clocks are wrong now, the largest deviation first. */
  wrongClocks(): readonly {
    environment: string;
    service: string;
    instance: string;
    aheadMs: number;
  }[];
  rules: RuleRegistry;
  exchange: ExchangeApi;
  /** Which log records are kept. */
  logs: KeptLogs;
  clock: Clock;
  counters: Counters;
  log: Log;
  about(): About;
  /**
   * Resolves to the reasons why no spans can be accepted now; an empty list if spans can be
   * accepted.
   */
  ready(): Promise<string[]>;
  /** Returns the problems that Fermata itself has now, the worst first. */
  conditions(): readonly {
    id: string;
    since: number;
    text: string;
    hint: string;
    blocks: boolean;
  }[];
}

/** Name of an operation of the API. */
export type Operation = keyof Answers;

/** The response to an operation. It accepts only the type that the operation answers. */
export type Reply<Name extends Operation> = Response<Answers[Name]>;

/**
 * A route. Its `operation` determines the type of the answer. `scope` is the kind of access: `none`
 * is open to everyone; the others will need an API key once the server has such keys.
 */
export type Route = { [Name in Operation]: RouteOf<Name> }[Operation];
interface RouteOf<Name extends Operation> {
  operation: Name;
  method?: 'post';
  path: string;
  scope: 'none' | 'read' | 'admin';
  summary: string;
  /** Schema of the parameters; absent if the route takes none. */
  query?: z.ZodObject;
  /** Schema of the body of a POST; absent if the body is `{}`. */
  body?: z.ZodObject;
  /** Set if the status of success is 201. */
  isCreation?: true;
  /** Media types of the answer; JSON if absent. */
  types?: readonly string[];
  /** Statuses of errors that the route may answer in addition to those of all routes. */
  errors?: readonly (400 | 404 | 429 | 502)[];
  /**
   * Set if the route reads all flows of a filter. Such requests are answered one at a time, because
   * several at once would slow down lists and pages.
   */
  isHeavy?: true;
  /** Set if the body is a file of any type and size, which is read as a stream. */
  takesFile?: true;
  handle: (context: QueryContext, request: Request, response: Reply<Name>) => Promise<void> | void;
}

export function read<S extends z.ZodObject>(schema: S, input: unknown): z.infer<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw invalid(parsed.error);
  return parsed.data;
}
export const nameOf = (request: Request, name: string): string =>
  String(request.params[name] ?? '').slice(0, 300);

export const missing = (what: string, id: string): never => {
  throw new FermataError('query.not-found', `no ${what} is known as "${id.slice(0, 100)}"`, {
    hint: 'It may be older than what is kept.',
  });
};
