import { context } from '@opentelemetry/api';
import {
  addFlow,
  attempt,
  beginHandling,
  endAccepted,
  endFailed,
  endRefused,
  endUnlessAcknowledged,
  type IncomingMessage,
  markTraced,
  publishEvent,
  startProcessing,
  UNACKNOWLEDGED_AFTER_MS,
  withFlowFromHeaders,
} from '../adapter-kit.ts';
import { fromPubSubAttributes, toPubSubAttributes } from './cloud-carriers.ts';

/**
 * This adapter traces @google-cloud/pubsub 4 and 5: messages that topics publish, and messages that
 * listeners for `message` get, until they are acknowledged. Context travels in attributes. If the
 * client's own tracing is on, the client makes the spans, and this adapter only adds the flow.
 */
const SYSTEM = 'gcp_pubsub';
type Attributes = Record<string, string>;
type Method = (this: never, ...args: never[]) => unknown;

interface Client {
  options?: { enableOpenTelemetryTracing?: boolean };
}
interface Topic {
  name: string;
  pubsub?: Client;
}
interface Subscription {
  name: string;
  topic?: Topic | string;
  pubsub?: Client;
  listenerCount: (event: string) => number;
}
type Settle = 'ack' | 'nack' | 'ackWithResponse' | 'nackWithResponse';
type Message = { id: string; attributes?: Attributes; deliveryAttempt?: number } & Partial<
  Record<Settle, () => unknown>
>;

/** Returns the last part of a name such as `projects/shop/topics/orders`. */
const shortName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
const isForeign = ({ pubsub }: { pubsub?: Client }): boolean =>
  pubsub?.options?.enableOpenTelemetryTracing === true;

interface Published {
  attributes?: Attributes;
}

function tracedPublish(publish: Method): Method {
  return function (this: Topic, ...args: unknown[]) {
    const [message, ...rest] = args as [Published, ...unknown[]];
    const send = (attributes: Attributes | undefined): unknown =>
      publish.apply(
        this as never,
        [attributes ? { ...message, attributes } : message, ...rest] as never,
      );
    const given = message?.attributes ?? {};
    // A malformed message is passed on untraced, so that the client rejects it with its own error.
    if (typeof message !== 'object' || message === null || typeof given !== 'object')
      return send(undefined);
    if (isForeign(this)) return send(addFlow<Attributes>({ ...given }));
    const destination = shortName(this.name);
    return publishEvent(
      { type: destination, destination, system: SYSTEM, headers: fromPubSubAttributes(given) },
      (headers) => send(toPubSubAttributes(given, headers)),
    );
  };
}

function incoming(subscription: Subscription, message: Message): IncomingMessage {
  const { topic } = subscription;
  const name = typeof topic === 'string' ? topic : topic?.name;
  const group = shortName(subscription.name);
  const failedIn = message.attributes?.['CloudPubSubDeadLetterSourceSubscription'];
  return {
    system: SYSTEM,
    destination: name === undefined ? group : shortName(name),
    group,
    headers: fromPubSubAttributes(message.attributes),
    ...(message.deliveryAttempt && { attempt: message.deliveryAttempt }),
    ...(failedIn !== undefined && { deadLetteredFrom: failedIn }),
    attributes: { 'messaging.gcp_pubsub.message.id': message.id },
  };
}

function tracedEmit(emit: Method): Method {
  return function (this: Subscription, ...args: unknown[]) {
    const [event, message] = args as [string, Message];
    const go = (): unknown => emit.apply(this as never, args as never);
    if (event !== 'message' || this.listenerCount('message') === 0) return go();
    if (isForeign(this)) return withFlowFromHeaders(message.attributes, go);
    const started = attempt(() => startProcessing(incoming(this, message)));
    if (started === undefined) return go();
    const { span, ctx } = started;
    settleWith(message, ['ack', 'ackWithResponse'], () => endAccepted(span));
    settleWith(message, ['nack', 'nackWithResponse'], () => endRefused(span, true));
    const endHandling = beginHandling(span);
    try {
      const result = context.with(ctx, go);
      endHandling();
      endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.callback);
      return result;
    } catch (error) {
      if (span.isRecording()) endFailed(span, error);
      endHandling();
      throw error;
    }
  };
}

/** Wraps the named methods of a message so that each calls `end`. */
function settleWith(message: Message, methods: readonly Settle[], end: () => void): void {
  for (const name of methods) {
    const settle = message[name];
    if (typeof settle !== 'function') continue;
    message[name] = function (this: Message, ...args: []) {
      attempt(end);
      return settle.apply(this, args);
    };
  }
}

interface PubSubModule {
  Topic: { prototype: object };
  Subscription: { prototype: object };
}

/**
 * Patches @google-cloud/pubsub, so that the application needs no change. A second call does
 * nothing.
 */
export function instrumentPubSub({ Topic, Subscription }: PubSubModule): void {
  const topics = Topic.prototype as Record<string, Method>;
  const subscriptions = Subscription.prototype as Record<string, Method>;
  if (!markTraced(topics)) return;
  // Only `publishMessage` is wrapped, because `publish` and `publishJSON` call it.
  topics['publishMessage'] = tracedPublish(topics['publishMessage']!);
  subscriptions['emit'] = tracedEmit(subscriptions['emit']!);
}
