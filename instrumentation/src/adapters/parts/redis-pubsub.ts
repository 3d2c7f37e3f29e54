import {
  contentId,
  handleOnBehalfOf,
  type IncomingMessage,
  type Listener,
  markTraced,
  type OutgoingMessage,
  publishEvent,
  startProcessing,
  TRACED,
} from '../../adapter-kit.ts';
import { ATTR_MESSAGE_CONTEXTLESS } from '../../semconv.ts';
import { traceEmitted } from './emitted.ts';
import { nameOfPattern } from './nest-client.ts';

/**
 * This file traces Redis publish and subscribe. Such a message cannot carry context, so both sides
 * compute the same message id from its content. The server expects no receiver, because Redis keeps
 * no message for a subscriber that is not connected.
 */
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Replace = (
  methods: Record<string, Method | undefined>,
  name: string,
  wrap: (method: Method) => Method,
) => void;

/**
 * Matches channels of internal traffic, which is not traced: notifications of Redis itself, and of
 * libraries (Sentinel, socket.io, Bull) whose processes coordinate by such channels.
 */
const UPKEEP = /^(?:__key(?:space|event)@|__redis__:|[+-]|socket\.io(?:-|#)|bull:)/;
/**
 * Text in a packet that carries its own context. The adapter of NestJS writes such packets and
 * traces them, so they are not traced here.
 */
const ENVELOPE = '"fermata":{';

type Content = string | Uint8Array;
const isContent = (value: unknown): value is Content =>
  typeof value === 'string' || value instanceof Uint8Array;

/**
 * Returns whether a message is traced here: it is not internal traffic and carries no context of
 * its own.
 */
const isTraced = (channel: unknown, content: unknown): content is Content =>
  isContent(content) &&
  !UPKEEP.test(String(channel)) &&
  !(typeof content === 'string' && content.includes(ENVELOPE));

/**
 * Returns a readable name for a channel. NestJS uses patterns as channel names, which may be JSON
 * objects, and appends `.reply` for replies.
 */
function nameOf(channel: string): string {
  const [, pattern, reply = ''] = /^(\{.*\})(\.reply)?$/.exec(channel) ?? [];
  return pattern === undefined ? channel : nameOfPattern(pattern) + reply;
}

const named = (channel: string, content: Content) => ({
  system: 'redis',
  destination: nameOf(channel),
  id: contentId(channel, content),
  attributes: { [ATTR_MESSAGE_CONTEXTLESS]: true },
});
const outgoing = (channel: string, content: Content): OutgoingMessage => ({
  ...named(channel, content),
  type: nameOf(channel),
});
const incoming = (channel: string, content: Content): IncomingMessage => named(channel, content);

/**
 * Traces the publish methods of ioredis and node-redis, and listeners that are passed to the
 * subscribe methods of node-redis.
 */
export function tracePublishing(
  methods: Record<string, Method | undefined>,
  replace: Replace,
  sending: { underWay: boolean },
): void {
  for (const name of ['publish', 'spublish', 'sPublish'])
    replace(methods, name, (publish) => tracedPublish(publish, sending));
  const listeners = new WeakMap<Listener, Listener>();
  const ofNodeRedis = typeof methods['xAdd'] === 'function';
  for (const name of ofNodeRedis ? ['subscribe', 'pSubscribe', 'sSubscribe'] : [])
    replace(methods, name, (subscribe) => tracedSubscribe(subscribe, listeners));
  for (const name of ofNodeRedis ? ['unsubscribe', 'pUnsubscribe', 'sUnsubscribe'] : [])
    replace(
      methods,
      name,
      (unsubscribe) =>
        function (this: unknown, channels, listener, ...rest) {
          const traced = listeners.get(listener as Listener) ?? listener;
          return unsubscribe.call(this, channels, traced, ...rest);
        },
    );
}

const tracedPublish = (publish: Method, sending: { underWay: boolean }): Method =>
  function (this: unknown, ...args) {
    const [channel, content] = args;
    // In ioredis, a pipeline may call `publish` of the client again for the same message, which
    // must not be traced twice.
    if (sending.underWay || !isTraced(channel, content)) return publish.apply(this, args);
    return publishEvent(outgoing(String(channel), content), () => {
      sending.underWay = true;
      try {
        return publish.apply(this, args);
      } finally {
        sending.underWay = false;
      }
    });
  };

const tracedSubscribe = (subscribe: Method, listeners: WeakMap<Listener, Listener>): Method =>
  function (this: unknown, channels, listener, ...rest) {
    if (typeof listener !== 'function') return subscribe.call(this, channels, listener, ...rest);
    const own = listener as Listener;
    let traced = listeners.get(own);
    if (traced === undefined) {
      traced = (...args) => {
        const [content, channel] = args;
        const handle = (): unknown => own(...args);
        return isTraced(channel, content)
          ? handleOnBehalfOf(own, incoming(String(channel), content), handle)
          : handle();
      };
      listeners.set(own, traced);
    }
    return subscribe.call(this, channels, traced, ...rest);
  };

/**
 * Events by which ioredis delivers messages. A `pmessage` event has the pattern as an additional
 * first argument.
 */
const EVENTS = ['message', 'pmessage', 'smessage'].flatMap((name) => [name, `${name}Buffer`]);
const RECEIVED: ReadonlySet<string | symbol> = new Set(EVENTS);

/**
 * Patches ioredis so that a client's messages are traced once it has its first listener for them.
 */
export function traceReceivedBy(prototype: object): void {
  const methods = prototype as Record<string, Method | undefined>;
  for (const name of ['on', 'addListener', 'once'] as const) {
    const add = methods[name];
    if (typeof add !== 'function' || Object.hasOwn(add, TRACED)) continue;
    const traced: Method = function (this: unknown, ...args) {
      if (!RECEIVED.has(args[0] as string)) return add.apply(this, args);
      const client = this as { [SUBSCRIBER]?: true } & Record<string, Method>;
      if (client[SUBSCRIBER] !== undefined) return add.apply(this, args);
      Object.defineProperty(client, SUBSCRIBER, { value: true });
      traceEmitted(client, RECEIVED, (event, given) => received(client, event, given));
      return client[name]!(...args);
    };
    markTraced(traced);
    methods[name] = traced;
  }
}
const SUBSCRIBER = Symbol('fermata traced subscriber');

function received(
  client: Record<string, Method>,
  event: string | symbol,
  args: unknown[],
): { start: () => ReturnType<typeof startProcessing> } | undefined {
  const [channel, content] = String(event).startsWith('p') ? args.slice(1) : args;
  // ioredis emits each message twice, as text and as bytes. Only the event with listeners is
  // traced.
  if (client['listenerCount']?.(event) === 0 || !isTraced(channel, content)) return undefined;
  return { start: () => startProcessing(incoming(String(channel), content)) };
}
