import {
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Exception,
  type Span,
  type TimeInput,
} from '@opentelemetry/api';
import {
  contextWithFlow,
  contextWithMessage,
  extractHeaders,
  flowAttributes,
  flowOf,
  handleMessage,
  injectHeaders,
  markTraced,
  preciseNow,
  publishEvent,
  SCOPE,
} from '../adapter-kit.ts';
import { ATTR_MESSAGE_TYPE } from '../semconv.ts';

/**
 * This adapter traces BullMQ 4 to 6. With `register`, all queues, flow producers and workers are
 * traced. Without `register`, an object made by `createBullTelemetry` is passed to each queue, flow
 * producer and worker of BullMQ 5 or 6: `new Queue('orders', { connection, telemetry:
 * createBullTelemetry() })`.
 *
 * Jobs carry trace and flow context in their options. The server uses BullMQ's own attributes to
 * distinguish the attempts of a job and the children of a BullMQ flow. BullMQ gives a job of a
 * BullMQ flow a context only if the job has `opts`, which may be just `{}`.
 */
interface BullSpan {
  setSpanOnContext(ctx: Context): Context;
  setAttribute(key: string, value: string | number | boolean): void;
  setAttributes(attributes: Attributes): void;
  addEvent(name: string, attributes?: Attributes): void;
  recordException(exception: Exception, time?: TimeInput): void;
  end(): void;
}
export interface BullTelemetry {
  tracer: { startSpan(name: string, options?: { kind: SpanKind }, ctx?: Context): BullSpan };
  contextManager: {
    with<A extends (...args: unknown[]) => ReturnType<A>>(ctx: Context, work: A): ReturnType<A>;
    active(): Context;
    getMetadata(ctx: Context): string;
    fromMetadata(active: Context, metadata: string): Context;
  };
}

export function createBullTelemetry(): BullTelemetry {
  return {
    tracer: {
      startSpan(name, options = { kind: SpanKind.INTERNAL }, ctx = context.active()) {
        const flow = flowOf(ctx);
        // The span for adding a BullMQ flow or several jobs sends no message itself, because each
        // job that is added gets a span of its own.
        const kind = GATHERS.test(name) ? SpanKind.INTERNAL : options.kind;
        // A worker's own housekeeping gets no span: no job caused it, so each span would become a
        // flow of its own.
        if (kind === SpanKind.INTERNAL && !isCaused(ctx))
          return wrap(trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
        const consumes = kind === SpanKind.CONSUMER;
        const span = trace.getTracer(SCOPE.name).startSpan(
          name,
          {
            kind,
            startTime: preciseNow(),
            attributes: {
              ...messaging(kind),
              ...(flow && flowAttributes(flow, consumes ? 'message' : 'ambient')),
            },
          },
          ctx,
        );
        return wrap(span);
      },
    },
    contextManager: {
      with: (ctx, work) => context.with(ctx, work as never),
      active: () => context.active(),
      getMetadata: (ctx) => JSON.stringify(injectHeaders({}, ctx)),
      fromMetadata(active, metadata) {
        try {
          const { context: from, flow } = extractHeaders(
            JSON.parse(metadata) as Record<string, unknown>,
          );
          return flow ? contextWithFlow(from, flow) : from;
        } catch {
          return active;
        }
      },
    },
  };
}

const isCaused = (ctx: Context): boolean => {
  const by = trace.getSpanContext(ctx);
  return by !== undefined && isSpanContextValid(by);
};

const GATHERS = /^add(Flow|BulkFlows|Bulk)\b/;

function messaging(kind: SpanKind): Attributes {
  if (kind !== SpanKind.PRODUCER && kind !== SpanKind.CONSUMER) return {};
  return {
    'messaging.system': 'bullmq',
    'messaging.operation.type': kind === SpanKind.PRODUCER ? 'send' : 'process',
  };
}

/**
 * Returns the attributes plus the job's name as the message type. The queue's name would not do,
 * because one queue usually holds several kinds of jobs.
 */
function withType(attributes: Attributes): Attributes {
  const name = attributes['bullmq.job.name'];
  return name === undefined ? attributes : { ...attributes, [ATTR_MESSAGE_TYPE]: name };
}

function wrap(span: Span): BullSpan {
  return {
    setSpanOnContext: (ctx) => {
      const id = (span as { attributes?: Attributes }).attributes?.['bullmq.job.id'];
      return contextWithMessage(trace.setSpan(ctx, span), typeof id === 'string' ? id : undefined);
    },
    setAttribute: (key, value) => void span.setAttributes(withType({ [key]: value })),
    setAttributes: (attributes) => void span.setAttributes(withType(attributes)),
    addEvent(name, attributes) {
      span.addEvent(name, attributes);
      // Only this event tells that an attempt of a job has failed.
      if (name !== 'job failed') return;
      const message = attributes?.['bullmq.job.failed.reason'];
      span.setAttribute('error.type', 'error');
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: typeof message === 'string' ? message : '',
      });
    },
    recordException(exception, time) {
      span.recordException(exception, time);
      const message = typeof exception === 'string' ? exception : (exception.message ?? '');
      span.setAttribute(
        'error.type',
        typeof exception === 'string' ? 'error' : (exception.name ?? 'error'),
      );
      span.setStatus({ code: SpanStatusCode.ERROR, message });
    },
    end: () => span.end(preciseNow()),
  };
}

type Method = (this: never, ...args: never[]) => unknown;
interface Telemetric {
  opts?: { telemetry?: unknown };
  telemetry?: unknown;
}
/** The classes of the BullMQ module that this adapter patches. */
interface BullModule {
  QueueBase: { prototype: object };
  FlowProducer: { prototype: object };
  Job: { prototype: object };
  Worker: { prototype: object };
}

/**
 * Patches the BullMQ module, so that the application needs no change. If this version of BullMQ has
 * telemetry, the telemetry is switched on unless the application did so. Otherwise the jobs'
 * options carry the context. A second call does nothing.
 */
export function instrumentBullMq(module: BullModule): void {
  if (!markTraced(module.QueueBase.prototype)) return;
  const telemetry = createBullTelemetry();
  const base = module.QueueBase.prototype as Record<string, Method | undefined>;
  if (typeof base['trace'] !== 'function') return traceJobs(module);
  const withTelemetry = (prototype: object, names: string[], set: (on: Telemetric) => void) => {
    const methods = prototype as Record<string, Method | undefined>;
    for (const name of names) {
      const method = methods[name];
      if (typeof method !== 'function') continue;
      methods[name] = function (this: Telemetric, ...args: never[]) {
        set(this);
        return method.apply(this as never, args);
      };
    }
  };
  withTelemetry(base, ['trace'], ({ opts }) => {
    if (opts !== undefined) opts.telemetry ??= telemetry;
  });
  withTelemetry(module.FlowProducer.prototype, ['add', 'addBulk'], (producer) => {
    producer.telemetry ??= telemetry;
  });
}

/**
 * A job of BullMQ 4, which has no telemetry. BullMQ stores unknown options with the job, so the
 * context is stored as an option.
 */
interface OldJob {
  id?: string;
  name: string;
  queueName: string;
  attemptsMade: number;
  attemptsStarted?: number;
  opts: { fermata?: Record<string, unknown> };
}

function traceJobs({ Job, Worker }: BullModule): void {
  const job = Job.prototype as Record<'addJob', (...args: unknown[]) => unknown>;
  const { addJob } = job;
  job.addJob = function (this: OldJob, ...args) {
    const message = { type: this.name, destination: this.queueName, system: 'bullmq' };
    return publishEvent(message, (headers) => {
      this.opts.fermata = headers;
      return addJob.apply(this, args);
    });
  };
  const worker = Worker.prototype as Record<'callProcessJob', (...args: unknown[]) => unknown>;
  const { callProcessJob } = worker;
  worker.callProcessJob = function (...args) {
    const { id, name, queueName, attemptsMade, attemptsStarted, opts } = args[0] as OldJob;
    return handleMessage(
      {
        ...{ system: 'bullmq', destination: queueName, group: queueName, type: name },
        // BullMQ 4 has counted the current attempt already when the worker takes the job, so 1 is
        // not added.
        ...{ headers: opts.fermata, attempt: attemptsStarted ?? Math.max(1, attemptsMade) },
        ...(id !== undefined && { id }),
      },
      () => callProcessJob.apply(this, args),
    );
  };
}
