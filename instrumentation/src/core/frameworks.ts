import { context, createContextKey, type Context, type Span } from '@opentelemetry/api';
import * as names from '../semconv.ts';
import type { MessageKind } from '../types.ts';
import { preciseNow } from './clock.ts';
import { letEnd, noteFailure } from './end-span.ts';
import type { Extracted } from './headers.ts';

/**
 * Lets the adapter of a framework and the adapter of the client below it share one span of a
 * message. The client's adapter makes the span and carries the context; the framework's adapter
 * knows what the message means, which handler takes it, when that ends and whether it failed.
 */
const SENDING = createContextKey('fermata declared sending');

/** What a framework says about the next message that is sent. */
export interface Declaration {
  kind: MessageKind;
  type: string;
  /**
   * The span that the framework's adapter made itself, because the client may have no adapter, and
   * its headers. If the client has one, that carries these headers and makes no second span.
   */
  sending?: { span: Span; headers: Record<string, unknown> };
}
interface Pending extends Declaration {
  isTaken: boolean;
}

/** Runs the work; the first message that is sent meanwhile has this kind and type. */
export const declareSending = <T>(declaration: Declaration, work: () => T): T =>
  context.with(
    context.active().setValue(SENDING, { ...declaration, isTaken: false } satisfies Pending),
    work,
  );

/** Returns what a framework declared about the message that is sent now. */
export function takeDeclaration(ctx: Context): Declaration | undefined {
  const pending = ctx.getValue(SENDING) as Pending | undefined;
  if (pending === undefined || pending.isTaken) return undefined;
  pending.isTaken = true;
  return pending;
}

/** The key of OpenTelemetry's SDK by which tracing is off in a context. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
export const isSuppressed = (ctx: Context): boolean => ctx.getValue(SUPPRESSED) === true;
/** Runs the work without tracing: of the messages that it sends, and of those that come by it. */
export const withoutTracing = <T>(work: () => T): T =>
  context.with(context.active().setValue(SUPPRESSED, true), work);

/** A delivery that a client's adapter traces. */
const DELIVERY = Symbol.for('fermata.delivery');
type Delivered = Span & { [DELIVERY]?: Extracted | 'taken' };

/** Marks the span of a delivery, so that a framework can take it over. */
export function offerDelivery(span: Span, extracted: Extracted): void {
  (span as Delivered)[DELIVERY] = extracted;
}

/** Returns whether a framework took this delivery over. */
export const isTaken = (span: Span | undefined): boolean =>
  (span as Delivered | undefined)?.[DELIVERY] === 'taken';

/** What a framework knows about a delivery. */
export interface Handling {
  /** Used where the message's headers name none. */
  kind: MessageKind;
  type: string;
  step: string;
}

/**
 * Takes over the span of a delivery, for the framework's handler. Returns false if the span is none
 * of a delivery, or was taken over before.
 */
export function takeDelivery(span: Span | undefined, handling: Handling): boolean {
  const extracted = (span as Delivered | undefined)?.[DELIVERY];
  if (span === undefined || extracted === undefined || extracted === 'taken') return false;
  (span as Delivered)[DELIVERY] = 'taken';
  span.setAttribute(names.ATTR_STEP_NAME, handling.step);
  if (extracted.kind === undefined) span.setAttribute(names.ATTR_MESSAGE_KIND, handling.kind);
  if (extracted.type === undefined) span.setAttribute(names.ATTR_MESSAGE_TYPE, handling.type);
  return true;
}

/** Names of steps by the place and group of their deliveries. */
const declaredSteps = new Map<string, string>();
const MAX_STEPS = 10_000;
const placeOf = (destination: string, group: string): string => `${destination}\0${group}`;

/**
 * Names the step of every delivery to a group. A framework may take a message without its handler,
 * to give the message up; that is the last attempt of the handler's step.
 */
export function declareStep(destination: string, group: string, step: string): void {
  if (declaredSteps.size < MAX_STEPS) declaredSteps.set(placeOf(destination, group), step);
}
export const declaredStep = (destination: string, group: string | undefined): string | undefined =>
  group === undefined || declaredSteps.size === 0
    ? undefined
    : declaredSteps.get(placeOf(destination, group));

/**
 * Keeps a span from ending while a handler goes on after the promise that its client waits for.
 * Returns the function that lets it end; a failure given to it is noted.
 */
export function holdEnd(span: Span): (failure?: { error: unknown }) => void {
  let isWanted = false;
  let isHeld = true;
  span.end = () => {
    isWanted = true;
  };
  return (failure) => {
    if (!isHeld) return;
    isHeld = false;
    if (failure !== undefined && span.isRecording()) noteFailure(span, failure.error);
    letEnd(span);
    if (isWanted && span.isRecording()) span.end(preciseNow());
  };
}
