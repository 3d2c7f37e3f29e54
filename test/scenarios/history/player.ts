import * as names from '@fermata/instrumentation/semconv';
import { DEAD } from '../bus/bus.ts';
import { lineOfFailure, linesAt, type LogLine } from '../lines.ts';
import type { Action, Failure, Fault, Order, Scenario } from '../scenario.ts';

/**
 * Simulates orders of a scenario in the past, and returns the records that its services would have
 * sent. It interprets the same data as `service.ts` and uses the attributes of the instrumentation
 * package, so that simulated and real orders look alike. It is pure: the same input and random
 * numbers give the same records.
 */
export interface PlayedSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  link?: SpanRef;
  name: string;
  kind: SpanKind;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  failure?: Failure;
}
export interface PlayedEvent {
  service: string;
  eventName: string;
  atMs: number;
  span: SpanRef | null;
  attributes: Attributes;
  /** Severity and text of a log record; missing for an event. */
  line?: Pick<LogLine, 'severity' | 'text'>;
}
export interface Played {
  spans: PlayedSpan[];
  events: PlayedEvent[];
}
export interface SpanRef {
  traceId: string;
  spanId: string;
}
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type Attributes = Record<string, string | number>;

/** The conditions of the simulation: randomness, the broker, and when messages are received. */
export interface World {
  random(): number;
  /** Name of the broker for the attribute `messaging.system`. */
  system: string;
  /**
   * Returns when a service receives a message that arrives at `atMs`; null if the message is lost.
   */
  takenAt(service: string, order: Order, atMs: number): number | null;
}

const MAX_DELIVERIES = 3;
const BACKOFF_MS = 800;
/** Time from the start of a step until its fault is thrown, ms. */
const FAILING_MS = 2;
const HTTP = { 'http.request.method': 'POST' };

/**
 * State of the simulation within one order: the current service, span and flow, and the time
 * (`ms`).
 */
interface At {
  service: string;
  order: Order;
  span: SpanRef;
  /** Attributes that name the flow; empty until the flow has started. */
  flow: Attributes;
  /** Business keys. Only the process that started the flow sets them on its spans. */
  keys: Attributes;
  messageId?: string;
  ms: number;
}

/** A message that was sent and has not been received yet. */
interface Sent {
  topic: string;
  kind: string;
  type: string;
  id: string;
  causationId?: string;
  flow: Attributes;
  by: SpanRef;
  atMs: number;
}

class Thrown extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function play(
  scenario: Scenario,
  order: Order,
  placedMs: number,
  world: World,
  entry = scenario.entry,
): Played {
  const played: Played = { spans: [], events: [] };
  const triesOf = new Map<string, number>();
  const faultOf = order.fault === undefined ? undefined : scenario.faults[order.fault];
  const word = (): string =>
    Math.floor(world.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const hex = (digits: number): string =>
    Array.from({ length: Math.ceil(digits / 8) }, word)
      .join('')
      .slice(0, digits);
  const ref = (traceId: string): SpanRef => ({ traceId, spanId: hex(16) });
  /** Returns a random duration around the usual one. A few are much longer, as in real systems. */
  const scattered = (ms: number): number => {
    const spread = ms * (0.75 + 0.5 * world.random());
    return world.random() < 0.03 ? spread * (2 + 3 * world.random()) : spread;
  };
  const flowOf = (at: At, source: string): Attributes =>
    Object.keys(at.flow).length === 0
      ? {}
      : { ...at.flow, ...at.keys, [names.ATTR_FLOW_SOURCE]: source };

  /**
   * Does work within a span and returns the span. If the work throws a fault, the span gets the
   * failure.
   */
  const inSpan = (
    at: At,
    span: SpanRef,
    about: Pick<PlayedSpan, 'name' | 'kind' | 'attributes'> & Partial<PlayedSpan>,
    work: (inner: At) => void,
  ): PlayedSpan => {
    const inner: At = { ...at, span };
    const made: PlayedSpan = { ...span, service: at.service, startMs: at.ms, endMs: 0, ...about };
    played.spans.push(made);
    try {
      work(inner);
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      made.failure = error.failure;
    }
    at.ms = inner.ms;
    made.endMs = inner.ms;
    return made;
  };
  const orThrow = (span: PlayedSpan): void => {
    if (span.failure !== undefined) throw new Thrown(span.failure);
  };

  const strikes = (service: string, step: string): Exclude<Fault, { flag: string }> | undefined => {
    if (faultOf === undefined || 'flag' in faultOf || faultOf.service !== service) return undefined;
    return !('step' in faultOf) || (faultOf.step ?? step) === step ? faultOf : undefined;
  };
  const perform = (step: string, actions: readonly Action[], at: At): void => {
    const fault = strikes(at.service, step);
    for (const line of linesAt(scenario, step, order, hasFlag)) log(line, at);
    const failure = (
      error: Failure = { type: 'Error', message: `${at.service} could not ${step}` },
    ): Thrown => {
      at.ms += FAILING_MS;
      if (scenario.lines) log(lineOfFailure(at.service, step, error), at);
      return new Thrown(error);
    };
    if (fault?.kind === 'fail') throw failure(fault.error);
    if (fault?.kind === 'fail-times') {
      const tries = (triesOf.get(step) ?? 0) + 1;
      triesOf.set(step, tries);
      if (tries <= fault.times) throw failure(fault.error);
    }
    run(actions, at);
  };
  const hasFlag = (flag: string): boolean =>
    order.flags.includes(flag) || (faultOf && 'flag' in faultOf && faultOf.flag) === flag;
  const log = ({ severity, text, attributes }: LogLine, { service, ms, span }: At): void =>
    void played.events.push({
      ...{ service, eventName: '', atMs: ms, span, attributes, line: { severity, text } },
    });
  const run = (actions: readonly Action[], at: At): void => {
    for (const action of actions) one(action, at);
  };
  const one = (action: Action, at: At): void => {
    if ('work' in action) at.ms += scattered(action.work);
    else if ('startFlow' in action) begin(action.startFlow, action.type ?? scenario.flowType, at);
    else if ('publish' in action) send('event', action.publish, action.to, at);
    else if ('command' in action) send('command', action.command, action.to, at);
    else if ('reply' in action) send('reply', action.reply, action.to, at);
    else if ('call' in action) call(action.of, action.call, at);
    else if ('step' in action)
      orThrow(
        inSpan(at, ref(at.span.traceId), stepOf(action.step, 'task', at), (inner) =>
          perform(action.step, action.do, inner),
        ),
      );
    else if ('compensate' in action) {
      const about = stepOf(action.by, 'compensation', at);
      about.attributes[names.ATTR_STEP_COMPENSATES] = action.compensate;
      orThrow(
        inSpan(at, ref(at.span.traceId), about, (inner) => run(action.do ?? [{ work: 3 }], inner)),
      );
    } else if ('if' in action) {
      run(
        hasFlag(action.if.replace(/^!/, '')) !== action.if.startsWith('!')
          ? action.do
          : (action.else ?? []),
        at,
      );
    } else if ('attempt' in action) attempt(action, at);
    else if ('end' in action) end(action.end, at);
    else throw new Error(`history cannot play ${JSON.stringify(action)}`);
  };
  const attempt = (action: Extract<Action, { attempt: Action[] }>, at: At): void => {
    try {
      run(action.attempt, at);
    } catch (error) {
      if (!(error instanceof Thrown) || action.onFailure === undefined) throw error;
      run(action.onFailure, at);
    }
  };

  const stepOf = (name: string, kind: string, at: At) => ({
    name,
    kind: 'internal' as const,
    parentSpanId: at.span.spanId,
    attributes: {
      ...flowOf(at, 'ambient'),
      [names.ATTR_STEP_NAME]: name,
      [names.ATTR_STEP_KIND]: kind,
    } as Attributes,
  });
  const spanAt = ({ span }: At): PlayedSpan =>
    played.spans.find(({ spanId }) => spanId === span.spanId)!;
  const begin = (actions: readonly Action[], type: string, at: At): void => {
    const keys = Object.entries(order.keys ?? { order_id: order.orderId });
    at.flow = { [names.ATTR_FLOW_ID]: order.orderId, [names.ATTR_FLOW_TYPE]: type };
    at.keys = Object.fromEntries(
      keys.map(([key, value]) => [names.ATTR_FLOW_KEY_PREFIX + key, value]),
    );
    Object.assign(spanAt(at).attributes, flowOf(at, 'explicit'));
    tell(names.EVENT_FLOW_STARTED, flowOf(at, 'explicit'), at);
    run(actions, at);
  };
  const end = (outcome: string, at: At): void => {
    spanAt(at).attributes[names.ATTR_FLOW_OUTCOME] = outcome;
    const event = outcome === 'completed' ? names.EVENT_FLOW_COMPLETED : names.EVENT_FLOW_FAILED;
    tell(event, { ...flowOf(at, 'explicit'), [names.ATTR_FLOW_OUTCOME]: outcome }, at);
  };
  const tell = (eventName: string, attributes: Attributes, { service, ms: atMs, span }: At): void =>
    void played.events.push({ service, eventName, atMs, span, attributes });

  const call = (service: string, to: string, at: At): void => {
    const about = {
      ...{ name: 'POST', kind: 'client' as const, parentSpanId: at.span.spanId },
      attributes: { ...HTTP, ...flowOf(at, 'ambient'), 'server.address': service } as Attributes,
    };
    const client = inSpan(at, ref(at.span.traceId), about, (inner) => {
      const there: At = { ...inner, service, keys: {}, ms: inner.ms + 1 };
      const status = serve(to, there, inner.span.spanId);
      inner.ms = there.ms + 1;
      about.attributes['http.response.status_code'] = status;
      if (status >= 500) throw new Thrown({ type: String(status), message: '' });
    });
    if (client.failure)
      throw new Thrown({ type: 'Error', message: `${service} answered ${client.failure.type}` });
  };
  /** Handles a request to the service `to`, and returns the HTTP status. */
  const serve = (to: string, at: At, parentSpanId?: string): number => {
    const { do: actions } = scenario.services
      .find(({ name }) => name === at.service)!
      .http!.find((route) => route.path === to)!;
    const attributes: Attributes = { ...HTTP, 'http.route': to, ...flowOf(at, 'ambient') };
    const about = { name: `POST ${to}`, kind: 'server' as const, attributes };
    const parent = parentSpanId === undefined ? {} : { parentSpanId };
    const span = inSpan(at, ref(at.span.traceId), { ...about, ...parent }, (inner) =>
      perform(to, actions, inner),
    );
    const status = span.failure ? 502 : 202;
    attributes['http.response.status_code'] = status;
    if (span.failure)
      span.failure = { type: '502', message: `${span.failure.type}: ${span.failure.message}` };
    return status;
  };

  const send = (kind: string, type: string, topic: string, at: At): void => {
    const id = `${hex(8)}-${hex(12)}`;
    const by = ref(at.span.traceId);
    const attributes = messageOf(topic, 'send', kind, type, id, at.messageId);
    inSpan(
      at,
      by,
      {
        ...{ name: `send ${topic}`, kind: 'producer', parentSpanId: at.span.spanId },
        attributes: { ...attributes, ...flowOf(at, 'ambient') },
      },
      (inner) => void (inner.ms += 0.2 + 0.3 * world.random()),
    );
    const { messageId: causationId } = at;
    const sent = { topic, kind, type, id, flow: at.flow, by, atMs: at.ms };
    deliver({ ...sent, ...(causationId !== undefined && { causationId }) });
  };
  const messageOf = (
    topic: string,
    operation: string,
    kind: string,
    type: string,
    id: string,
    causationId?: string,
  ): Attributes => ({
    'messaging.system': world.system,
    'messaging.destination.name': topic,
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    [names.ATTR_MESSAGE_KIND]: kind,
    [names.ATTR_MESSAGE_TYPE]: type,
    'messaging.message.id': id,
    ...(causationId !== undefined && { [names.ATTR_CAUSATION_ID]: causationId }),
  });
  const deliver = (sent: Sent, deadLetteredFrom?: string): void => {
    const topic = deadLetteredFrom === undefined ? sent.topic : DEAD;
    for (const { name, on = [] } of scenario.services)
      for (const subscription of on)
        if (subscription.topic === topic) take(sent, topic, name, subscription, deadLetteredFrom);
  };
  const take = (
    sent: Sent,
    topic: string,
    service: string,
    { step, do: actions }: { step: string; do: Action[] },
    deadLetteredFrom?: string,
  ): void => {
    let arrivesMs = sent.atMs + scattered(4);
    for (let attempts = 1; attempts <= MAX_DELIVERIES; attempts++) {
      const takenMs = world.takenAt(service, order, arrivesMs);
      if (takenMs === null) return;
      const span = ref(hex(32));
      const at: At = {
        service,
        order,
        span,
        flow: sent.flow,
        keys: {},
        messageId: sent.id,
        ms: takenMs,
      };
      const attributes: Attributes = {
        ...messageOf(topic, 'process', sent.kind, sent.type, sent.id, sent.causationId),
        ...flowOf(at, 'message'),
        [names.ATTR_STEP_NAME]: step,
        [names.ATTR_STEP_ATTEMPT]: attempts,
        'messaging.consumer.group.name': service,
        ...(deadLetteredFrom !== undefined && {
          [names.ATTR_MESSAGE_DEAD_LETTERED_FROM]: deadLetteredFrom,
        }),
      };
      const about = {
        name: `process ${topic}`,
        kind: 'consumer' as const,
        link: sent.by,
        attributes,
      };
      const { failure } = inSpan(at, span, about, (inner) => perform(step, actions, inner));
      if (failure === undefined) return;
      arrivesMs = at.ms + BACKOFF_MS * 2 ** (attempts - 1);
      if (attempts === MAX_DELIVERIES) deliver({ ...sent, atMs: at.ms }, topic);
    }
  };

  const first = ref(hex(32));
  const { service, path } = entry;
  serve(path, { service, order, span: first, flow: {}, keys: {}, ms: placedMs });
  return played;
}
