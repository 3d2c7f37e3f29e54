import { context, createContextKey, type Context, type Span } from '@opentelemetry/api';
import * as names from '../semconv.ts';
import type { MessageKind } from '../types.ts';
import { preciseNow } from './clock.ts';
import { letEnd, noteFailure } from './end-span.ts';
import type { Extracted } from './headers.ts';
import { beginHandling } from './settling.ts';

/**
 * This file lets the adapter of a framework and the adapter of its broker client share one span per
 * message. The client's adapter makes the span and carries the context. The framework's adapter
 * knows what the message means, which handler takes it, when that ends and whether it fails.
 */
const SENDING = createContextKey('fermata declared sending');

/** What a framework's adapter declares about the next message that is sent. */
export interface Declaration {
  kind: MessageKind;
  type: string;
  /**
   * Span and headers that the framework's adapter has made itself, because the client may have no
   * adapter. If it has one, the client's adapter sends these headers and makes no second span.
   */
  sending?: { span: Span; headers: Record<string, unknown> };
}
interface Pending extends Declaration {
  isTaken: boolean;
}

/** Runs `work`. The first message that is sent meanwhile gets the declared kind and type. */
export const declareSending = <T>(declaration: Declaration, work: () => T): T =>
  context.with(
    context.active().setValue(SENDING, { ...declaration, isTaken: false } satisfies Pending),
    work,
  );

/** Returns what a framework declared about the message that is being sent, and uses it up. */
export function takeDeclaration(ctx: Context): Declaration | undefined {
  const pending = ctx.getValue(SENDING) as Pending | undefined;
  if (pending === undefined || pending.isTaken) return undefined;
  pending.isTaken = true;
  return pending;
}

/** Context key by which OpenTelemetry's SDK suppresses tracing. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
export const isSuppressed = (ctx: Context): boolean => ctx.getValue(SUPPRESSED) === true;
/** Runs `work` without tracing. This also covers messages that later arrive in the same context. */
export const withoutTracing = <T>(work: () => T): T =>
  context.with(context.active().setValue(SUPPRESSED, true), work);

/** Key of the mark on the span of a delivery that a client's adapter traces. */
const DELIVERY = Symbol.for('fermata.delivery');
/**
 * Which of kind and type the message's headers name. This is all that is kept of them, because an
 * exporter holds thousands of ended spans, and with them whatever they refer to.
 */
type Named = 'nothing' | 'kind' | 'type' | 'kind and type';
type Delivered = Span & { [DELIVERY]?: Named | 'taken' };

/**
 * Marks the span of a delivery, so that a framework's adapter can take it over by `takeDelivery`.
 */
export function offerDelivery(span: Span, { kind, type }: Extracted): void {
  let named: Named = kind === undefined ? 'nothing' : 'kind';
  if (type !== undefined) named = kind === undefined ? 'type' : 'kind and type';
  (span as Delivered)[DELIVERY] = named;
}

/** Returns whether a framework's adapter has taken over the span of this delivery. */
export const isTaken = (span: Span | undefined): boolean =>
  (span as Delivered | undefined)?.[DELIVERY] === 'taken';

/** What a framework's adapter knows about a delivery. */
export interface Handling {
  /** Kind and type of the message, used only if its headers do not name them. */
  kind: MessageKind;
  type: string;
  step: string;
}

/**
 * Takes over the span of a delivery for the framework's handler, and names the step. Returns false
 * if the span does not belong to a delivery, or has been taken over before.
 */
export function takeDelivery(span: Span | undefined, handling: Handling): boolean {
  const named = (span as Delivered | undefined)?.[DELIVERY];
  if (span === undefined || named === undefined || named === 'taken') return false;
  (span as Delivered)[DELIVERY] = 'taken';
  span.setAttribute(names.ATTR_STEP_NAME, handling.step);
  if (!named.includes('kind')) span.setAttribute(names.ATTR_MESSAGE_KIND, handling.kind);
  if (!named.includes('type')) span.setAttribute(names.ATTR_MESSAGE_TYPE, handling.type);
  return true;
}

/** Step names that were declared for consumer groups, by destination and group. */
const declaredSteps = new Map<string, string>();
const MAX_STEPS = 10_000;
const placeOf = (destination: string, group: string): string => `${destination}\0${group}`;

/**
 * Declares the step name for every delivery to a group. Some frameworks take a failed message once
 * more without calling its handler, in order to discard it. That delivery must count as the last
 * attempt of the handler's step.
 */
export function declareStep(destination: string, group: string, step: string): void {
  if (declaredSteps.size < MAX_STEPS) declaredSteps.set(placeOf(destination, group), step);
}
export const declaredStep = (destination: string, group: string | undefined): string | undefined =>
  group === undefined || declaredSteps.size === 0
    ? undefined
    : declaredSteps.get(placeOf(destination, group));

/**
 * Keeps a span open while a handler goes on after the promise that its client waits for has
 * settled. Returns a function that releases the span and can mark it as failed.
 */
export function holdEnd(span: Span): (failure?: { error: unknown }) => void {
  let isWanted = false;
  let isHeld = true;
  const endHandling = beginHandling(span);
  span.end = () => {
    isWanted = true;
  };
  return (failure) => {
    if (!isHeld) return;
    isHeld = false;
    if (failure !== undefined && span.isRecording()) noteFailure(span, failure.error);
    letEnd(span);
    endHandling();
    if (isWanted && span.isRecording()) span.end(preciseNow());
  };
}
