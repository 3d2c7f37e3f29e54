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
 * Traces what clients of Redis publish to channels and take from them. Such a message has no place
 * for context, so both sides name it by its content. Nothing waits for it: Redis keeps no message
 * for a subscriber that is away.
 */
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Replace = (
  methods: Record<string, Method | undefined>,
  name: string,
  wrap: (method: Method) => Method,
) => void;

/**
 * Matches channels on which Redis itself, and libraries by which their processes find each other,
 * publish.
 */
const UPKEEP = /^(?:__key(?:space|event)@|__redis__:|[+-]|socket\.io(?:-|#)|bull:)/;
/** How a packet begins its context that carries it by itself, as those of NestJS do. */
const ENVELOPE = '"fermata":{';

type Content = string | Uint8Array;
const isContent = (value: unknown): value is Content =>
  typeof value === 'string' || value instanceof Uint8Array;

/** Returns whether a message is one of the application whose context is not told otherwise. */
const isTraced = (channel: unknown, content: unknown): content is Content =>
  isContent(content) &&
  !UPKEEP.test(String(channel)) &&
  !(typeof content === 'string' && content.includes(ENVELOPE));

/** Names a channel. NestJS makes channels of patterns, which may be objects, and of replies. */
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

/** Traces publishing by both clients, and the listeners that are given to node-redis. */
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
    // A pipeline of ioredis may call the method that the application called.
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

/** Events by which ioredis hands out messages; those of patterns name the pattern first. */
const EVENTS = ['message', 'pmessage', 'smessage'].flatMap((name) => [name, `${name}Buffer`]);
const RECEIVED: ReadonlySet<string | symbol> = new Set(EVENTS);

/** Traces the messages that clients of ioredis emit, from their first listener on. */
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
  // The client emits each message as text and as bytes, whoever listens.
  if (client['listenerCount']?.(event) === 0 || !isTraced(channel, content)) return undefined;
  return { start: () => startProcessing(incoming(String(channel), content)) };
}
