import type { Flow, FlowChange, Tombstone } from '../model/flow.ts';
import type { Message, Span } from '../model/span.ts';
import { nanosFromMs, unixNanos } from '../model/time.ts';

/** Describes a span for tests, with short ids and times in ms. All omitted fields have defaults. */
export interface SpanSketch {
  trace: string;
  id: string;
  parent?: string;
  remote?: boolean | null;
  role?: Span['role'];
  service?: string;
  env?: string;
  at?: number;
  ms?: number;
  flow?: string;
  idKind?: string;
  type?: string;
  source?: 'message' | 'explicit' | 'ambient';
  outcome?: NonNullable<Span['flow']>['outcome'];
  /** Linked spans, each as `trace/id`. */
  links?: string[];
  message?: string;
  position?: string;
  partition?: string;
  system?: string;
  kind?: Message['kind'];
  destination?: string;
  group?: string;
  subscription?: string;
  batch?: number;
  dead?: boolean;
  contextless?: true;
  conversation?: string;
  keys?: [string, string][];
  identities?: string[];
  failed?: boolean;
  sampled?: boolean;
  step?: Partial<NonNullable<Span['step']>>;
  milestone?: Span['milestone'];
  received?: number;
  name?: string;
  route?: string;
}

const hex = (text: string, size: number): string =>
  (/^[0-9a-f]+$/.test(text) ? text : Buffer.from(text).toString('hex'))
    .padStart(size, '0')
    .slice(-size);
export const traceId = (name: string): string => hex(name, 32);
export const spanId = (name: string): string => hex(name, 16);
export const spanKey = (path: string): string => {
  const [trace = '', id = ''] = path.split('/');
  return traceId(trace) + spanId(id);
};

const BASE_MS = 1_700_000_000_000;

export function aSpan(sketch: SpanSketch): Span {
  const role = sketch.role ?? 'internal';
  const messaging = ['create', 'send', 'receive', 'process', 'settle'].includes(role);
  const start = nanosFromMs(BASE_MS + (sketch.at ?? 0));
  const message: Message = {
    kind: sketch.kind ?? '',
    type: '',
    id: sketch.message ?? '',
    system: sketch.system ?? 'test',
    destination: sketch.destination ?? 'q',
    group: sketch.group ?? '',
    ...(sketch.subscription !== undefined && { subscription: sketch.subscription }),
    partition: sketch.partition ?? '',
    position: sketch.position ?? '',
    batchCount: sketch.batch ?? 0,
    conversation: sketch.conversation ?? '',
    deadLettered: sketch.dead ?? false,
    ...(sketch.contextless && { contextless: sketch.contextless }),
  };
  return {
    key: traceId(sketch.trace) + spanId(sketch.id),
    traceId: traceId(sketch.trace),
    parent: sketch.parent === undefined ? '' : traceId(sketch.trace) + spanId(sketch.parent),
    parentRemote: sketch.remote ?? null,
    role,
    milestone: sketch.milestone ?? null,
    name: sketch.name ?? `${role} ${sketch.id}`,
    start,
    end: unixNanos(start + BigInt(Math.round((sketch.ms ?? 10) * 1e6))),
    failed: sketch.failed ?? false,
    sampled: sketch.sampled ?? false,
    error: sketch.failed ? { type: 'Error', message: 'failed' } : null,
    service: {
      environment: sketch.env ?? '',
      name: sketch.service ?? 'svc',
      version: '',
      instance: '',
    },
    links: (sketch.links ?? []).map(spanKey),
    message: messaging ? message : null,
    flow:
      sketch.flow === undefined && sketch.type === undefined && sketch.outcome === undefined
        ? null
        : {
            id: sketch.flow ?? '',
            kind: sketch.idKind ?? '',
            type: sketch.type ?? '',
            version: '',
            source: sketch.source ?? 'explicit',
            parentId: '',
            parentType: '',
            outcome: sketch.outcome ?? '',
            deadlineMs: 0,
          },
    step: sketch.step
      ? {
          name: '',
          id: '',
          kind: '',
          attempt: 0,
          result: '',
          compensates: '',
          deadlineMs: 0,
          itinerary: '',
          ...sketch.step,
        }
      : null,
    keys: sketch.keys ?? [],
    identities: sketch.identities ?? [],
    route: sketch.route ?? '',
    warnings: [],
    receivedAtMs: sketch.received ?? Math.ceil(BASE_MS + (sketch.at ?? 0) + (sketch.ms ?? 10)),
    names: null,
  };
}

/** Returns the flow of a change; null for a tombstone or an unattributed span. */
export const flowIn = (change: FlowChange | undefined): Flow | null =>
  change?.kind === 'flow' ? change.flow : null;

export const tombstoneOf = ({ id, version }: FlowChange, movedTo: string): Tombstone => ({
  kind: 'tombstone',
  id,
  version,
  movedTo,
});
