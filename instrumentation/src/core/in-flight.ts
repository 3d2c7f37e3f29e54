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
 * This file keeps the deliveries and requests that are being handled. A span is exported only after
 * it has ended. A handler that hangs, or whose process dies, would therefore look like a message
 * that no consumer took. To prevent this, a delivery or request that takes long is announced by a
 * log event.
 */
interface Delivery {
  span: Span;
  ctx: Context;
  attributes: Attributes;
  creation: SpanContext | undefined;
  /** Time at which the handling began, epoch ms with fraction. */
  since: number;
  announced: boolean;
  /**
   * Returns further attributes when the delivery is announced, or undefined if it must not be
   * announced.
   */
  more: (() => Attributes | undefined) | undefined;
}

/**
 * Age at which a delivery is announced, ms since its handling began. A shorter handling costs only
 * an entry in the table.
 */
const ANNOUNCED_AFTER_MS = 200;
const SWEEP_MS = 100;
/**
 * Maximum number of deliveries in the table. Further deliveries are not announced, so that a
 * consumer that acknowledges nothing does not fill the memory.
 */
const MAX_DELIVERIES = 10_000;
const FORGET_AT = 16;

interface InFlight {
  deliveries: Delivery[];
  /** Size of the table at which ended deliveries are removed from it. */
  forgetAt: number;
  sweeping: boolean;
}
/**
 * Key of the table on `globalThis`. A process may load this package twice, by `import` and by
 * `require`, and both copies must share one table.
 */
const KEY = Symbol.for('fermata.in-flight');
const inFlight: InFlight = ((globalThis as { [KEY]?: InFlight })[KEY] ??= {
  deliveries: [],
  forgetAt: FORGET_AT,
  sweeping: false,
});

/**
 * Adds a delivery to the table until its span ends. If it is announced, the log event gets
 * `attributes`, the sender's span `creation`, and the result of `more`.
 */
export function enterDelivery(
  span: Span,
  ctx: Context,
  attributes: Attributes,
  creation: SpanContext | undefined,
  more?: () => Attributes | undefined,
  since = preciseNow(),
): void {
  if (!span.isRecording() || inFlight.deliveries.length >= MAX_DELIVERIES) return;
  inFlight.deliveries.push({ span, ctx, attributes, creation, since, announced: false, more });
  // Ended deliveries are removed here and not only by the next sweep, because thousands may be
  // handled between two sweeps.
  if (inFlight.deliveries.length >= inFlight.forgetAt) {
    forgetEnded();
    inFlight.forgetAt = Math.max(FORGET_AT, 2 * inFlight.deliveries.length);
  }
  if (!inFlight.sweeping) sweepSoon();
}

/** Returns the span of a delivery that is being handled. */
export const recordingDelivery = ({ spanId }: SpanContext): Span | undefined =>
  inFlight.deliveries.find(({ span }) => span.isRecording() && span.spanContext().spanId === spanId)
    ?.span;

function forgetEnded(): void {
  inFlight.deliveries = inFlight.deliveries.filter(({ span }) => span.isRecording());
}

/**
 * Schedules the next sweep. The timer is unreferenced so that it keeps no process alive; in a
 * browser it is a number, which has no `unref`.
 */
function sweepSoon(): void {
  inFlight.sweeping = true;
  (setTimeout(sweep, SWEEP_MS) as { unref?: () => void }).unref?.();
}

/** Exports a log event for each delivery that takes long. Removes deliveries that have ended. */
function sweep(): void {
  announceDeliveries(preciseNow() - ANNOUNCED_AFTER_MS);
  inFlight.sweeping = false;
  if (inFlight.deliveries.length > 0) sweepSoon();
}

/**
 * Exports one log event for each delivery whose handling began before `beganBefore` (epoch ms;
 * default: all), unless it has been exported already. Removes deliveries whose spans have ended.
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

/**
 * Returns the attributes of the log event. The sender's span is one of them, because log events
 * have no links.
 */
const attributesOf = ({ attributes, creation, span }: Delivery): Attributes => ({
  ...attributes,
  ...(creation && { [ATTR_MESSAGE_CREATION]: `${creation.traceId}-${creation.spanId}` }),
  ...namesOf(span),
});

/**
 * Returns the attributes that name the step. A framework's adapter sets them on the span only after
 * the delivery has begun; without them the log event would belong to another step.
 */
function namesOf(span: Span): Attributes {
  const { attributes = {} } = span as { attributes?: Attributes };
  return Object.fromEntries(
    NAMES.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])),
  );
}
const NAMES = [ATTR_STEP_NAME, ATTR_MESSAGE_TYPE, ATTR_MESSAGE_KIND];

/**
 * Ends the spans of all deliveries as failed, because the process dies. If `more` returns
 * undefined, the delivery is a response that is being streamed; its span ends without an error,
 * because a stream may last as long as the process.
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
