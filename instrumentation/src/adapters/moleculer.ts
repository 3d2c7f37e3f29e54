import { context, createContextKey, ROOT_CONTEXT, trace, type Span } from '@opentelemetry/api';
import {
  attempt,
  declareSending,
  declareStep,
  endFailed,
  endSpanWith,
  endUnlessAcknowledged,
  handleMessage,
  isPropagationHeader,
  isSuppressed,
  markTraced,
  noteFailure,
  preciseNow,
  startSending,
  takeDelivery,
  tracer,
  UNACKNOWLEDGED_AFTER_MS,
  withoutTracing,
} from '../adapter-kit.ts';
import { ATTR_STEP_NAME } from '../semconv.ts';

/**
 * This adapter traces the events and actions that moleculer 0.14 and 0.15 sends between nodes, over
 * any transporter. A call within one node is part of the step that made it. If nothing that is
 * traced made it, it is the step from which a flow begins. Packets of node discovery and answers to
 * calls are not traced, and neither is the client library of the transporter.
 *
 * The context travels in the packet's `meta`, the only field that every serializer of moleculer
 * keeps whatever it contains. It is removed before moleculer makes the handler's context, so that
 * handlers do not see it.
 *
 * Messages of @moleculer/channels are traced by the adapter of their client. This adapter only
 * names them and records the errors of their handlers.
 */
const META = '$fermata';
/**
 * Key of the id of the packet for which the context was written. If it differs from the id of a
 * received packet, a node without this package has copied the context from another packet.
 */
const PACKET = 'packet';
const SYSTEM = 'moleculer';

interface Payload {
  id?: string;
  event?: string;
  action?: string;
  /** Number of a chunk of a stream. Only the first chunk, 0, is treated as a message. */
  seq?: number;
  meta?: Record<string, unknown> | null;
}
interface Packet {
  type: string;
  payload?: Payload | null;
}
type Handler = (...args: unknown[]) => unknown;
interface Definition {
  name: string;
  group?: string;
  service?: { fullName?: string; name?: string };
}
interface Broker {
  transit?: Record<'connect', Handler> | null;
  middlewares: { add: (middleware: object) => void };
}

/** Name, kind and headers of the packet that is being handled. */
interface Received {
  kind: 'event' | 'command';
  name: string;
  headers: Record<string, unknown>;
}
const RECEIVED = createContextKey('fermata received packet of moleculer');

/** An action or event handler that nothing traced has called. */
interface Beginning {
  span: Span;
  name: string;
}
const BEGINNING = createContextKey('fermata beginning in moleculer');

function nameOf({ type, payload }: Packet): { kind: Received['kind']; name: string } | undefined {
  if (payload === undefined || payload === null || (payload.seq ?? 0) > 0) return undefined;
  if (type === 'EVENT' && payload.event !== undefined)
    return { kind: 'event', name: payload.event };
  if (type === 'REQ' && payload.action !== undefined)
    return { kind: 'command', name: payload.action };
  return undefined;
}

/**
 * Sends a packet. A packet with an event or a request gets a span and carries the context; other
 * packets are sent without tracing.
 */
function publish(packet: Packet, send: (packet: Packet) => unknown): unknown {
  const named = nameOf(packet);
  if (named !== undefined) nameBeginning();
  const sending =
    named &&
    attempt(() =>
      startSending(named.kind, { type: named.name, destination: named.name, system: SYSTEM }),
    );
  if (sending === undefined) return withoutTracing(() => send(packet));
  const { span, headers } = sending;
  const { payload } = packet;
  if (Object.keys(headers).length > 0)
    packet.payload = {
      ...payload,
      meta: { ...payload?.meta, [META]: { ...headers, [PACKET]: payload?.id } },
    };
  const sent = withoutTracing(() => send(packet)) as Promise<unknown>;
  sent.then(
    () => span.end(preciseNow()),
    (error: unknown) => endFailed(span, error),
  );
  return sent;
}

/**
 * Moves the propagation headers from a received packet into the OpenTelemetry context in which
 * `handle` runs. `traceHandler` reads them there.
 */
function receive(packet: Packet, handle: () => unknown): unknown {
  const named = nameOf(packet);
  if (named === undefined) return handle();
  const headers = attempt(() => takeHeaders(packet.payload!)) ?? {};
  const received: Received = { ...named, headers };
  // The handler starts from the root context, because tracing is off in the connection's context.
  return context.with(ROOT_CONTEXT.setValue(RECEIVED, received), handle);
}

function takeHeaders(payload: Payload): Record<string, unknown> {
  const { [META]: carried, ...meta } = payload.meta ?? {};
  if (typeof carried !== 'object' || carried === null) return {};
  payload.meta = meta;
  const { [PACKET]: packet, ...headers } = carried as Record<string, unknown>;
  if (packet === payload.id) return headers;
  // The sender has no tracing and copied the context from a packet that it had received. The copy
  // still tells the flow, but not the id and kind of this message, so these are left out.
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => isPropagationHeader(name) && !/^fermata-(message|causation)-/.test(name),
    ),
  );
}

/**
 * Runs a call within this node. If no span is active, nothing that is traced made the call, as with
 * a timer or a framework that has no adapter. The call then gets a span, so that all that it sends
 * is one flow.
 */
function callLocally(name: string, call: () => unknown): unknown {
  const active = context.active();
  // Moleculer calls its own actions and events, whose names begin with `$`, all the time.
  if (name.startsWith('$') || trace.getSpan(active) !== undefined || isSuppressed(active))
    return call();
  const span = attempt(() => tracer().startSpan(name, { startTime: preciseNow() }));
  if (span === undefined) return call();
  const ctx = trace.setSpan(active, span).setValue(BEGINNING, { span, name } satisfies Beginning);
  return endSpanWith(span, ctx, call);
}

/**
 * Names the step that the active call begins. Only calls that send messages are named, because a
 * call that sends none, such as a poll by a timer, is no flow.
 */
function nameBeginning(): void {
  const active = context.active();
  const beginning = active.getValue(BEGINNING) as Beginning | undefined;
  if (beginning !== undefined && trace.getSpan(active) === beginning.span)
    beginning.span.setAttribute(ATTR_STEP_NAME, beginning.name);
}

/**
 * Wraps the handler of an event or an action, so that a call from another node runs in a span, and
 * so does one that nothing traced has made.
 */
const traceHandler =
  (next: Handler, definition: Definition): Handler =>
  (...args) => {
    const received = context.active().getValue(RECEIVED) as Received | undefined;
    if (received === undefined) return callLocally(definition.name, () => next(...args));
    const { service } = definition;
    const group = definition.group ?? service?.fullName ?? service?.name;
    return handleMessage(
      {
        ...{ system: SYSTEM, destination: received.name, type: received.name },
        ...{ headers: { 'fermata-message-kind': received.kind, ...received.headers } },
        step: definition.name,
        ...(group !== undefined && { group }),
      },
      () => next(...args),
    );
  };

/**
 * Wraps a handler so that its error is recorded, because moleculer catches the error afterwards.
 */
const noteErrors =
  (next: Handler, onFailed: (span: Span) => void = () => undefined): Handler =>
  (...args) => {
    const span = trace.getActiveSpan();
    const note = (error: unknown): void => {
      if (!span?.isRecording()) return;
      noteFailure(span, error);
      onFailed(span);
    };
    try {
      const result = next(...args);
      if (result instanceof Promise) result.catch(note);
      return result;
    } catch (error) {
      note(error);
      throw error;
    }
  };

/** The outermost middleware, so that a span covers all other middlewares too. */
const OUTER = {
  name: 'Fermata',
  created({ transit }: Broker): void {
    if (!transit) return;
    // Packets are received in the context in which the connection was made. Tracing is off there,
    // so that the adapter of the transporter's client does not trace them a second time.
    const { connect } = transit;
    transit.connect = (...args) => withoutTracing(() => connect.apply(transit, args));
  },
  transitPublish:
    (next: Handler): Handler =>
    (packet) =>
      publish(packet as Packet, next),
  transitMessageHandler:
    (next: Handler): Handler =>
    (cmd, packet) =>
      receive({ ...(packet as Packet), type: cmd as string }, () => next(cmd, packet)),
  localAction: traceHandler,
  localEvent: traceHandler,
  sendToChannel:
    (next: Handler): Handler =>
    (channel, ...args) => {
      nameBeginning();
      return declareSending({ kind: 'event', type: String(channel) }, () => next(channel, ...args));
    },
};

/** The innermost middleware, which sees the errors of handlers before other middlewares do. */
const INNER = {
  name: 'FermataErrors',
  localEvent: (next: Handler) => noteErrors(next),
  localChannel(next: Handler, { name, group }: Definition): Handler {
    // The step is declared in advance, because over Redis the library moves a message that failed
    // too often to the dead-letter queue itself, without calling the handler.
    if (group !== undefined) declareStep(name, group, name);
    // Over Redis, a message whose handler failed is never acknowledged; it is claimed again later.
    // Its span therefore ends after a time limit.
    const noting = noteErrors(next, (span) =>
      endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.promise),
    );
    return (...args) => {
      takeDelivery(trace.getActiveSpan(), { kind: 'event', type: name, step: name });
      return noting(...args);
    };
  },
};

/**
 * Patches the moleculer module, so that the application needs no change. A second call does
 * nothing.
 */
export function instrumentMoleculer(module: { ServiceBroker: { prototype: object } }): void {
  const prototype = module.ServiceBroker.prototype as Record<'registerMiddlewares', Handler>;
  if (!markTraced(prototype)) return;
  const { registerMiddlewares } = prototype;
  prototype.registerMiddlewares = function (this: Broker, given) {
    this.middlewares.add(INNER);
    const { add } = this.middlewares;
    const result = registerMiddlewares.call(this, given);
    add.call(this.middlewares, OUTER);
    return result;
  };
}
