import {
  context,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import {
  ATTR_MESSAGE_CREATION,
  ATTR_MESSAGE_KIND,
  ATTR_MESSAGE_TYPE,
  ATTR_STEP_NAME,
  EVENT_STEP_STARTED,
} from '../semconv.ts';
import { attempt } from './attempt.ts';
import { preciseNow } from './clock.ts';
import { endFailed } from './end-span.ts';
import { emitMilestone } from './flow-log.ts';

/**
 * Holds the deliveries and requests that are being handled. A span is exported only once it has
 * ended, so a handler that hangs, or whose process dies, would look like a message that nobody
 * took. Therefore a delivery or request that is still being handled after a short time is announced
 * by a log event.
 */
interface Delivery {
  span: Span;
  ctx: Context;
  attributes: Attributes;
  creation: SpanContext | undefined;
  /** When the handling began, epoch ms with fraction. */
  since: number;
  announced: boolean;
  /** Tells what else is known when it is announced; undefined if it is not to be announced. */
  more: (() => Attributes | undefined) | undefined;
}

/**
 * Time after which a delivery is announced, ms. A shorter handling costs no more than an entry in
 * the table.
 */
const ANNOUNCED_AFTER_MS = 200;
const SWEEP_MS = 100;
/**
 * Maximum number of deliveries in the table. Above it, further ones are not announced, so that a
 * consumer that settles nothing does not fill the memory.
 */
const MAX_DELIVERIES = 10_000;
const FORGET_AT = 16;

interface InFlight {
  deliveries: Delivery[];
  /** Number of deliveries at which those that have ended are forgotten. */
  forgetAt: number;
  sweeping: boolean;
}
/** The table is global, because a process may load this package both by import and by require. */
const KEY = Symbol.for('fermata.in-flight');
const inFlight: InFlight = ((globalThis as { [KEY]?: InFlight })[KEY] ??= {
  deliveries: [],
  forgetAt: FORGET_AT,
  sweeping: false,
});

/**
 * Adds a delivery until its span ends. `attributes` go onto the event that announces it, and so
 * do `creation`, the sender's span, and what `more` returns by then.
 */
export function enterDelivery(
  span: Span,
  ctx: Context,
  attributes: Attributes,
  creation: SpanContext | undefined,
  more?: () => Attributes | undefined,
): void {
  if (!span.isRecording() || inFlight.deliveries.length >= MAX_DELIVERIES) return;
  const since = preciseNow();
  inFlight.deliveries.push({ span, ctx, attributes, creation, since, announced: false, more });
  // Spans that have ended are not kept until the next sweep, because many messages may be handled
  // before it.
  if (inFlight.deliveries.length >= inFlight.forgetAt) {
    forgetEnded();
    inFlight.forgetAt = Math.max(FORGET_AT, 2 * inFlight.deliveries.length);
  }
  if (!inFlight.sweeping) sweepSoon();
}

function forgetEnded(): void {
  inFlight.deliveries = inFlight.deliveries.filter(({ span }) => span.isRecording());
}

/** Sweeps after a while. The timer keeps no process alive; in a browser it is a number. */
function sweepSoon(): void {
  inFlight.sweeping = true;
  (setTimeout(sweep, SWEEP_MS) as { unref?: () => void }).unref?.();
}

/** Announces deliveries that take long, and forgets those whose spans have ended. */
function sweep(): void {
  announceDeliveries(preciseNow() - ANNOUNCED_AFTER_MS);
  inFlight.sweeping = false;
  if (inFlight.deliveries.length > 0) sweepSoon();
}

/**
 * Announces deliveries whose handling began before a time, by default all, and forgets those whose
 * spans have ended. An event has the time at which the handling began.
 */
export function announceDeliveries(beganBefore = Infinity): void {
  forgetEnded();
  for (const delivery of inFlight.deliveries) {
    const { ctx, since, announced } = delivery;
    if (!announced && since <= beganBefore) {
      delivery.announced = true;
      const more = delivery.more === undefined ? NO_MORE : attempt(delivery.more);
      if (more === undefined) continue;
      const told = { ...attributesOf(delivery), ...more };
      context.with(ctx, () => emitMilestone(EVENT_STEP_STARTED, told, false, since));
    }
  }
}

const NO_MORE: Attributes = {};

/** Returns the attributes of the event; a log event has no links, so the sender is one of them. */
const attributesOf = ({ attributes, creation, span }: Delivery): Attributes => ({
  ...attributes,
  ...(creation && { [ATTR_MESSAGE_CREATION]: `${creation.traceId}-${creation.spanId}` }),
  ...namesOf(span),
});

/**
 * Returns what names the step of a delivery. The adapter of a framework sets these attributes on
 * the span after the delivery has begun; without them the event would be of another step.
 */
function namesOf(span: Span): Attributes {
  const { attributes = {} } = span as { attributes?: Attributes };
  return Object.fromEntries(
    NAMES.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])),
  );
}
const NAMES = [ATTR_STEP_NAME, ATTR_MESSAGE_TYPE, ATTR_MESSAGE_KIND];

/**
 * Ends the spans of all deliveries that are being handled as failed, because the process dies. What
 * is not to be announced any more, a request whose answer has begun, just ends: it may be a stream
 * that goes on for as long as the process does.
 */
export function failDeliveries(error: unknown): void {
  for (const { span, more } of inFlight.deliveries) {
    if (!span.isRecording()) continue;
    const known = more && attempt(more);
    if (more !== undefined && known === undefined) {
      span.end();
      continue;
    }
    if (known !== undefined) span.setAttributes(known);
    endFailed(span, error);
  }
  inFlight.deliveries = [];
}
