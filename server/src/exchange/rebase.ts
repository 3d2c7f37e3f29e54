import { createHash } from 'node:crypto';
import {
  ATTR_FLOW_KEY_PREFIX,
  ATTR_IMPORTED,
  ATTR_MESSAGE_CREATION,
} from '@fermata/instrumentation/semconv';
import type { Attributes, OtlpExport, OtlpResource } from '../model/otlp.ts';

/**
 * The environment of the imported spans, and whether their flows are learned from and alerted like
 * others.
 */
export interface Target {
  environment: string;
  teaches: boolean;
}

const ENVIRONMENT = 'deployment.environment.name';
const OTHER_ENVIRONMENT = 'deployment.environment';
/** Name of the business key that holds the trace id from the file. */
const TRACE_KEY = `${ATTR_FLOW_KEY_PREFIX}trace`;

/**
 * Returns a function that moves a request to the environment of the import. Trace ids are replaced
 * by ones that are derived from the environment and the original id, because a span is identified
 * by trace and span id alone. Otherwise, importing an export into another environment would change
 * the flows that were exported. The same file always gives the same ids, so that importing it again
 * creates nothing twice.
 */
export function createRebase({
  environment,
  teaches,
}: Target): (request: OtlpExport, keepsTraces: boolean) => OtlpExport {
  const known = new Map<string, string>();
  const traceOf = (trace: string): string => {
    if (trace === '') return '';
    let id = known.get(trace);
    if (id !== undefined) return id;
    if (known.size >= MAX_TRACES_KNOWN) known.clear();
    id = createHash('sha256').update(`${environment}\0${trace}`).digest('hex').slice(0, 32);
    known.set(trace, id);
    return id;
  };
  const moved = new WeakMap<OtlpResource, OtlpResource>();
  const resourceOf = (resource: OtlpResource): OtlpResource => {
    let own = moved.get(resource);
    if (own !== undefined) return own;
    own = { attributes: without(resource.attributes, OURS) };
    own.attributes.push(ENVIRONMENT, environment);
    if (!teaches) own.attributes.push(ATTR_IMPORTED, true);
    moved.set(resource, own);
    return own;
  };
  return (request, keepsTraces) => {
    for (const span of request.spans) {
      span.resource = resourceOf(span.resource);
      if (keepsTraces && span.parentSpanId === '' && !span.attributes.includes(TRACE_KEY))
        span.attributes.push(TRACE_KEY, span.traceId);
      span.traceId = traceOf(span.traceId);
      for (const link of span.links) link.traceId = traceOf(link.traceId);
    }
    for (const log of request.logs) {
      log.resource = resourceOf(log.resource);
      log.traceId = traceOf(log.traceId);
      moveCreation(log.attributes, traceOf);
    }
    return request;
  };
}
const MAX_TRACES_KNOWN = 10_000;
const OURS: ReadonlySet<unknown> = new Set([ENVIRONMENT, OTHER_ENVIRONMENT, ATTR_IMPORTED]);

function without(attributes: Attributes, names: ReadonlySet<unknown>): Attributes {
  const rest: Attributes = [];
  for (let i = 0; i < attributes.length; i += 2)
    if (!names.has(attributes[i])) rest.push(attributes[i]!, attributes[i + 1]!);
  return rest;
}

/**
 * Replaces the trace id in the attribute by which a log event names the span that sent a message.
 */
function moveCreation(attributes: Attributes, traceOf: (trace: string) => string): void {
  const at = attributes.indexOf(ATTR_MESSAGE_CREATION);
  const value = attributes[at + 1];
  if (at < 0 || at % 2 !== 0 || typeof value !== 'string') return;
  const [trace = '', ...rest] = value.split('-');
  attributes[at + 1] = [traceOf(trace), ...rest].join('-');
}
