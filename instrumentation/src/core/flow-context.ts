import {
  context,
  createContextKey,
  diag,
  propagation,
  type Attributes,
  type Context,
} from '@opentelemetry/api';
import {
  ATTR_FLOW_DEADLINE,
  ATTR_FLOW_ID,
  ATTR_FLOW_KEY_PREFIX,
  ATTR_FLOW_SOURCE,
  ATTR_FLOW_TYPE,
  ATTR_FLOW_VERSION,
} from '../semconv.ts';
import type { Flow } from '../types.ts';

const FLOW = createContextKey('fermata flow');
const MESSAGE_ID = createContextKey('fermata message');

/**
 * Returns the flow with its id as text. JavaScript callers often pass a number, and the headers of
 * some clients take texts only. Returns undefined if the flow has no id, because such a flow cannot
 * be reported.
 */
export function normalizeFlow(flow: Flow): Flow | undefined {
  const { id, type, version } = flow as Record<keyof Flow, unknown>;
  if (typeof id === 'string' && id !== '' && isText(type) && isText(version)) return flow;
  if ((typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint') || id === '') {
    diag.warn('fermata: a flow without an id');
    return undefined;
  }
  const text = (name: 'type' | 'version', value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? { [name]: String(value) } : {};
  const { type: _type, version: _version, ...rest } = flow;
  return { ...rest, id: String(id), ...text('type', type), ...text('version', version) };
}
const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/**
 * Returns a context in which `given` is the current flow. The flow's id, type and version also go
 * into baggage, so that services without this package pass them on. Business keys stay out of it,
 * because baggage is sent with every outgoing call. Never throws: if the flow has no id, the
 * context is returned unchanged.
 */
export function contextWithFlow(parent: Context, given: Flow): Context {
  try {
    const flow = normalizeFlow(given);
    return flow === undefined ? parent : contextWith(parent, flow);
  } catch (error) {
    diag.warn('fermata: a flow could not be put into the context', error);
    return parent;
  }
}

function contextWith(parent: Context, flow: Flow): Context {
  const ctx = parent.setValue(FLOW, flow);
  const before = propagation.getBaggage(parent);
  // The baggage of a received message usually names this flow already, so it need not be written
  // again.
  if (
    before !== undefined &&
    before.getEntry(ATTR_FLOW_ID)?.value === flow.id &&
    before.getEntry(ATTR_FLOW_TYPE)?.value === flow.type &&
    before.getEntry(ATTR_FLOW_VERSION)?.value === flow.version
  )
    return ctx;
  let baggage = before ?? propagation.createBaggage();
  const set = (key: string, value: string | undefined): void => {
    baggage =
      value === undefined || value === ''
        ? baggage.removeEntry(key)
        : baggage.setEntry(key, { value });
  };
  set(ATTR_FLOW_ID, flow.id);
  set(ATTR_FLOW_TYPE, flow.type);
  set(ATTR_FLOW_VERSION, flow.version);
  return propagation.setBaggage(ctx, baggage);
}

/** Returns the flow that was set in this process; if there is none, the flow in baggage. */
export function flowOf(ctx: Context): Flow | undefined {
  const flow = ctx.getValue(FLOW) as Flow | undefined;
  if (flow !== undefined) return flow;
  const baggage = propagation.getBaggage(ctx);
  const id = baggage?.getEntry(ATTR_FLOW_ID)?.value;
  if (baggage === undefined || id === undefined || id === '') return undefined;
  const type = baggage.getEntry(ATTR_FLOW_TYPE)?.value;
  const version = baggage.getEntry(ATTR_FLOW_VERSION)?.value;
  return { id, ...(type !== undefined && { type }), ...(version !== undefined && { version }) };
}

export const currentFlow = (): Flow | undefined => flowOf(context.active());

/** Runs `work` in a flow. Unlike `startFlow`, it reports nothing and only switches the context. */
export function withFlow<T>(flow: Flow, work: () => T): T {
  return context.with(contextWithFlow(context.active(), flow), work);
}

/**
 * Returns the id of the message that is being handled. Messages sent meanwhile name it as their
 * causation id.
 */
export const messageIdOf = (ctx: Context): string | undefined =>
  ctx.getValue(MESSAGE_ID) as string | undefined;
export const contextWithMessage = (ctx: Context, id: string | undefined): Context =>
  id === undefined || ctx.getValue(MESSAGE_ID) === id ? ctx : ctx.setValue(MESSAGE_ID, id);

type Source = 'message' | 'explicit' | 'ambient';

/**
 * Returns the span attributes that name a flow. `source` tells how certain it is that the span
 * belongs to the flow.
 */
export const flowAttributes = (flow: Flow, source: Source): Attributes =>
  addFlowAttributes({}, flow, source);

/**
 * Adds the flow's attributes to the given object. It makes no copy, because it runs for every
 * message.
 */
export function addFlowAttributes(attributes: Attributes, flow: Flow, source: Source): Attributes {
  attributes[ATTR_FLOW_ID] = flow.id;
  attributes[ATTR_FLOW_SOURCE] = source;
  if (flow.type !== undefined) attributes[ATTR_FLOW_TYPE] = flow.type;
  if (flow.version !== undefined) attributes[ATTR_FLOW_VERSION] = flow.version;
  if (flow.deadline !== undefined) attributes[ATTR_FLOW_DEADLINE] = flow.deadline;
  if (flow.keys)
    for (const [name, value] of Object.entries(flow.keys))
      attributes[ATTR_FLOW_KEY_PREFIX + name] = value;
  return attributes;
}
