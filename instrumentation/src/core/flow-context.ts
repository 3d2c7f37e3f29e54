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
 * Returns the flow with its id as text, because in JavaScript the id is often a number, and headers
 * of some clients take texts only. Returns undefined if the flow has no id, because a flow without
 * an id cannot be reported.
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
 * Returns the context with a flow in place of the previous flow. The flow's id, type and version
 * also go into baggage, so that services without this package carry the flow on. Baggage is sent
 * with every outgoing call, so it has ids only and never personal data. Never throws: for a flow
 * without an id the context is returned unchanged.
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
  // The baggage of a received message usually names the same flow as the message's headers. Then
  // the baggage is not written again.
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

/**
 * Returns the current flow: the flow that this package set in this process, else the flow in
 * baggage.
 */
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

/** Runs `work` in a flow. This costs only a switch of context. */
export function withFlow<T>(flow: Flow, work: () => T): T {
  return context.with(contextWithFlow(context.active(), flow), work);
}

/**
 * Returns the id of the message being handled, which is the causation id of messages sent
 * meanwhile.
 */
export const messageIdOf = (ctx: Context): string | undefined =>
  ctx.getValue(MESSAGE_ID) as string | undefined;
export const contextWithMessage = (ctx: Context, id: string | undefined): Context =>
  id === undefined || ctx.getValue(MESSAGE_ID) === id ? ctx : ctx.setValue(MESSAGE_ID, id);

type Source = 'message' | 'explicit' | 'ambient';

/**
 * Returns the attributes that name a flow on a span. `source` tells how sure it is that the span
 * belongs to the flow.
 */
export const flowAttributes = (flow: Flow, source: Source): Attributes =>
  addFlowAttributes({}, flow, source);

/**
 * Adds the attributes to the given object instead of to a copy, so that a message's attributes are
 * built only once.
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
