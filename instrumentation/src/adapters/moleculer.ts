import { context, createContextKey, ROOT_CONTEXT, trace, type Span } from '@opentelemetry/api';
import {
  attempt,
  declareSending,
  declareStep,
  endFailed,
  endUnlessAcknowledged,
  handleMessage,
  isPropagationHeader,
  markTraced,
  noteFailure,
  preciseNow,
  startSending,
  takeDelivery,
  UNACKNOWLEDGED_AFTER_MS,
  withoutTracing,
} from '../adapter-kit.ts';

/**
 * This adapter traces what moleculer 0.14 and 0.15 sends between nodes, over any transporter:
 * events and actions, by middlewares. What stays within a node is part of the step that caused
 * it. Packets by which nodes find each other are not traced, nor are answers, so the
 * transporter's own client is not traced.
 *
 * The context travels in the packet's `meta`, because `meta` is the one field that every
 * serializer of moleculer carries whatever is in it. It is taken out before the node makes the
 * handler's context of it, so that handlers do not see it.
 *
 * Messages of @moleculer/channels are traced by the adapter of their client. This one names them,
 * and sees the errors of their handlers.
 */
const META = '$fermata';
/**
 * Names the packet that the context was written for, as a node without this package passes it on.
 */
const PACKET = 'packet';
const SYSTEM = 'moleculer';

interface Payload {
  id?: string;
  event?: string;
  action?: string;
  /** Number of a chunk of a stream. The first chunk is the message. */
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

/** What came with the packet that is being handled. */
interface Received {
  kind: 'event' | 'command';
  name: string;
  headers: Record<string, unknown>;
}
const RECEIVED = createContextKey('fermata received packet of moleculer');

function nameOf({ type, payload }: Packet): { kind: Received['kind']; name: string } | undefined {
  if (payload === undefined || payload === null || (payload.seq ?? 0) > 0) return undefined;
  if (type === 'EVENT' && payload.event !== undefined)
    return { kind: 'event', name: payload.event };
  if (type === 'REQ' && payload.action !== undefined)
    return { kind: 'command', name: payload.action };
  return undefined;
}

/** Sends a packet; one that carries an event or a request has a span, and carries the context. */
function publish(packet: Packet, send: (packet: Packet) => unknown): unknown {
  const named = nameOf(packet);
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

/** Takes the context out of a packet, and handles the packet where handlers find the context. */
function receive(packet: Packet, handle: () => unknown): unknown {
  const named = nameOf(packet);
  if (named === undefined) return handle();
  const headers = attempt(() => takeHeaders(packet.payload!)) ?? {};
  const received: Received = { ...named, headers };
  // The connection's own context is one without tracing.
  return context.with(ROOT_CONTEXT.setValue(RECEIVED, received), handle);
}

function takeHeaders(payload: Payload): Record<string, unknown> {
  const { [META]: carried, ...meta } = payload.meta ?? {};
  if (typeof carried !== 'object' || carried === null) return {};
  payload.meta = meta;
  const { [PACKET]: packet, ...headers } = carried as Record<string, unknown>;
  if (packet === payload.id) return headers;
  // The sender has no tracing and passed on what it had received. That says which flow this is, but
  // nothing of the message.
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => isPropagationHeader(name) && !/^fermata-(message|causation)-/.test(name),
    ),
  );
}

/** Wraps a handler of an event or an action: what another node sent is handled in a span. */
const traceHandler =
  (next: Handler, definition: Definition): Handler =>
  (...args) => {
    const received = context.active().getValue(RECEIVED) as Received | undefined;
    if (received === undefined) return next(...args);
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

/** Wraps a handler so that its error is known, although moleculer handles the error itself. */
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

/** The middleware that stands outside all others: a span lasts as long as all of them. */
const OUTER = {
  name: 'Fermata',
  created({ transit }: Broker): void {
    if (!transit) return;
    // Whatever comes by a connection comes in the context in which the connection was made.
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
    (channel, ...args) =>
      declareSending({ kind: 'event', type: String(channel) }, () => next(channel, ...args)),
};

/** The middleware next to the handlers. */
const INNER = {
  name: 'FermataErrors',
  localEvent: (next: Handler) => noteErrors(next),
  localChannel(next: Handler, { name, group }: Definition): Handler {
    // Over Redis, the library itself takes a message that failed too often, to give it up.
    if (group !== undefined) declareStep(name, group, name);
    // Over Redis, a message whose handler failed is not acknowledged: it is claimed later.
    const noting = noteErrors(next, (span) =>
      endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.promise),
    );
    return (...args) => {
      takeDelivery(trace.getActiveSpan(), { kind: 'event', type: name, step: name });
      return noting(...args);
    };
  },
};

/** Instruments without changes to the application. A second call does nothing. */
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
