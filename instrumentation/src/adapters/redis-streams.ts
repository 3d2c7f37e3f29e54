import { trace } from '@opentelemetry/api';
import {
  attempt,
  handleMessage,
  isPropagationHeader,
  markTraced,
  noteFailure,
  publishEvent,
  TRACED,
  type Extracted,
} from '../adapter-kit.ts';
import { recoveryIn } from './parts/recovery.ts';
import {
  acknowledge,
  beginRead,
  nodeRedisEntries,
  propagationFields,
  READS,
  traceEntries,
} from './parts/redis-reads.ts';
import { tracePublishing, traceReceivedBy } from './parts/redis-pubsub.ts';

/**
 * This adapter carries context as fields of a stream entry, besides the application's own fields,
 * with ioredis 4 to 6 (`xadd`, `xaddBuffer`, `call`) and node-redis 4 to 6 (`xAdd`), in pipelines
 * and transactions, too. What is read is traced in `redis-reads.ts`; `handleStreamEntry` runs a
 * handler for one entry where that is not enough. Publish and subscribe: `redis-pubsub.ts`.
 */
type XAdd = (this: unknown, ...args: unknown[]) => Promise<unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;

/**
 * State that a client shares with its pipelines. With auto-pipelining, a client's `xadd` of ioredis
 * calls the `xadd` of a pipeline, but the two calls add only one entry, which must be traced only
 * once.
 */
interface Adding {
  underWay: boolean;
}

/** A command of ioredis. */
interface Command {
  name: string;
  args: unknown[];
}
/**
 * Commands that are traced. They are sent again when a pipeline is executed, and when a client that
 * was not connected yet is.
 */
const tracedCommands = new WeakSet<Command>();

export function traceRedisStreams<C extends object>(client: C): C {
  return traceAdding(client, { underWay: false });
}

function traceAdding<C extends object>(client: C, adding: Adding): C {
  if (!markTraced(client)) return client;
  const methods = client as Methods;
  replace(methods, 'xadd', (xadd) => tracedXadd(xadd as XAdd, adding));
  replace(methods, 'xAdd', (xAdd) => tracedXAdd(xAdd as XAdd));
  // Commands of ioredis are objects; `sendCommand` of node-redis takes texts.
  if (typeof methods['xAdd'] !== 'function')
    replace(methods, 'sendCommand', (send) => tracedCommand(send, adding));
  tracePublishing(methods, replace, adding);
  for (const [name, read] of Object.entries(NODE_REDIS_READS))
    replace(methods, name, (method) => tracedRead(method, read));
  replace(
    methods,
    'xAck',
    (xAck) =>
      function (this: unknown, ...args: unknown[]) {
        const [stream, group, ids] = args;
        acknowledge(String(stream), String(group), [ids].flat().map(String));
        return xAck.apply(this, args);
      },
  );
  // `duplicate` is wrapped for node-redis only, because a duplicate of an ioredis client has the
  // same prototype, which is traced already.
  for (const name of typeof methods['xAdd'] === 'function' ? GATHERING_OR_ANOTHER : GATHERING)
    replace(
      methods,
      name,
      (gather) =>
        function (this: unknown, ...args: unknown[]) {
          return traceAdding(gather.apply(this, args) as object, adding);
        },
    );
  return client;
}

const GATHERING = ['pipeline', 'multi'] as const;
const GATHERING_OR_ANOTHER = [...GATHERING, 'duplicate'] as const;

/**
 * Replaces a method of an object, if the method exists and the object's prototype is not traced
 * already.
 */
function replace(methods: Methods, name: string, wrap: (method: Method) => Method): void {
  const method = methods[name];
  if (typeof method !== 'function' || Object.hasOwn(method, TRACED)) return;
  const traced = wrap(method);
  markTraced(traced);
  methods[name] = traced;
}

/**
 * Returns a traced `xadd`. In `XADD key [options] id field value …` the fields come last, except
 * for a callback.
 */
function tracedXadd(xadd: XAdd, adding: Adding): Method {
  return function (this: unknown, ...[stream, ...args]: unknown[]) {
    if (adding.underWay) return xadd.call(this, stream, ...args);
    const callback = typeof args.at(-1) === 'function' ? [args.pop()] : [];
    const passedOn = propagationFields(args.map(String));
    noteGivenUp(args);
    // Fields that were passed on from a received entry are left out here, because `headers` already
    // has them, as far as they apply to the new entry.
    const isPassedOn = (i: number): boolean =>
      Object.hasOwn(passedOn, String(args[i - ((args.length - i) % 2)]));
    const rest = args.filter((_, i) => !isPassedOn(i));
    return publishEvent(outgoing(stream as string, passedOn), (headers) => {
      adding.underWay = true;
      try {
        return xadd.call(this, stream, ...rest, ...Object.entries(headers).flat(), ...callback);
      } finally {
        adding.underWay = false;
      }
    });
  };
}

/**
 * Notes that the message that is being handled failed, if what is sent now is that message as a
 * dead letter: @moleculer/channels takes it once more, outside its handler, and moves it.
 */
function noteGivenUp(args: readonly unknown[]): void {
  const at = args.findLastIndex((arg) => String(arg) === 'headers');
  const span = trace.getActiveSpan();
  if (at < 0 || !span?.isRecording()) return;
  const headers = attempt(() => JSON.parse(String(args[at + 1])) as Record<string, unknown>);
  const { failure } = recoveryIn(headers ?? {}, '');
  if (failure !== undefined) noteFailure(span, failure);
}

/**
 * Returns a traced `sendCommand` of ioredis, through which every command passes: those that a
 * method of its own does not trace (`xaddBuffer`, `call`), reads and acknowledgements.
 */
function tracedCommand(send: Method, adding: Adding): Method {
  return function (this: unknown, ...sent: unknown[]) {
    const [command, ...rest] = sent as [Command, ...unknown[]];
    const name = String(command.name).toLowerCase();
    if (name === 'xadd' && !tracedCommands.has(command)) {
      tracedCommands.add(command);
      if (adding.underWay) return send.apply(this, sent);
      const add = ((...args: unknown[]) => {
        command.args = args;
        return send.call(this, command, ...rest);
      }) as XAdd;
      return tracedXadd(add, adding).apply(this, command.args);
    }
    const read = READS[name];
    if ((name !== 'xack' && read === undefined) || tracedCommands.has(command))
      return send.apply(this, sent);
    tracedCommands.add(command);
    const args = command.args.map(String);
    if (read === undefined) {
      const [stream = '', group = '', ...ids] = args;
      acknowledge(stream, group, ids);
      return send.apply(this, sent);
    }
    beginRead(this as object);
    const reply = send.apply(this, sent);
    // In a pipeline, `sendCommand` returns the pipeline.
    if (!(reply instanceof Promise)) return reply;
    return reply.then((entries: unknown[] | null) => {
      traceEntries(this as object, read.by(args), read.entriesIn(entries, args));
      return entries;
    });
  };
}

interface NodeRedisRead {
  group: (args: unknown[]) => string | undefined;
  stream: (args: unknown[]) => string | undefined;
}
/** The methods by which node-redis reads entries; `args` are the method's arguments. */
const NODE_REDIS_READS: Readonly<Record<string, NodeRedisRead>> = {
  xReadGroup: { group: ([group]) => String(group), stream: () => undefined },
  xRead: { group: () => undefined, stream: () => undefined },
  xClaim: { group: ([, group]) => String(group), stream: ([stream]) => String(stream) },
  xAutoClaim: { group: ([, group]) => String(group), stream: ([stream]) => String(stream) },
};

function tracedRead(method: Method, read: NodeRedisRead): Method {
  return function (this: unknown, ...args: unknown[]) {
    beginRead(this as object);
    const reply = method.apply(this, args);
    if (!(reply instanceof Promise)) return reply;
    const group = read.group(args);
    const isSilent = args.some((arg) => (arg as { NOACK?: boolean } | null)?.NOACK === true);
    return reply.then((entries: unknown) => {
      const acknowledges = group !== undefined && !isSilent;
      traceEntries(
        this as object,
        { group, acknowledges },
        nodeRedisEntries(entries, read.stream(args)),
      );
      return entries;
    });
  };
}

function tracedXAdd(xAdd: XAdd): Method {
  return function (this: unknown, ...[stream, id, fields, ...rest]: unknown[]) {
    const given = fields as Record<string, string>;
    return publishEvent(outgoing(stream as string, propagationFields(given)), (headers) =>
      xAdd.call(this, stream, id, { ...withoutContext(given), ...headers }, ...rest),
    );
  };
}

const outgoing = (stream: string, headers: Record<string, unknown>) => ({
  type: stream,
  destination: stream,
  system: 'redis',
  headers,
});

export interface StreamEntry {
  stream: string;
  group: string;
  /** Id of the entry, like `1526919030474-55`. */
  id: string;
  /** Fields as `[name, value, …]` from ioredis, or as an object from node-redis. */
  fields: readonly string[] | Readonly<Record<string, string>>;
  /** Delivery count from XPENDING or XAUTOCLAIM; default 1. */
  deliveries?: number;
  type?: string;
  step?: string;
}

/**
 * Runs a handler for one entry, in a span and a context of the entry and in the flow that its
 * fields name. The caller acknowledges the entry.
 */
export function handleStreamEntry<T>(entry: StreamEntry, handler: (extracted: Extracted) => T): T {
  return handleMessage(
    {
      system: 'redis',
      destination: entry.stream,
      group: entry.group,
      headers: propagationFields(entry.fields),
      type: entry.type ?? entry.stream,
      ...(entry.step !== undefined && { step: entry.step }),
      ...(entry.deliveries !== undefined && { attempt: entry.deliveries }),
      attributes: { 'messaging.redis.entry.id': entry.id },
    },
    handler,
  );
}

const withoutContext = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !isPropagationHeader(name)));

/**
 * Instruments all clients without changes to the application; `module` is `ioredis`, whose version
 * 4 is the class itself. A second call does nothing.
 */
export function instrumentIoRedis(module: {
  Redis?: { prototype: object };
  prototype?: object;
}): void {
  const prototype = module.Redis?.prototype ?? module.prototype;
  if (prototype === undefined) return;
  traceReceivedBy(prototype);
  traceRedisStreams(prototype);
}

/**
 * Instruments `xAdd` of all clients of `redis`, which are made by factories, as `instrumentIoRedis`
 * does for `ioredis`.
 */
export function instrumentNodeRedis(
  module: Partial<Record<Factory, (...args: never[]) => object>>,
): void {
  for (const name of FACTORIES) {
    const create = module[name];
    if (create === undefined || !markTraced(create)) continue;
    const traced = (...args: never[]): object => traceRedisStreams(create(...args));
    markTraced(traced);
    Object.defineProperty(module, name, { value: traced, configurable: true, enumerable: true });
  }
}
type Factory = (typeof FACTORIES)[number];
const FACTORIES = ['createClient', 'createClientPool', 'createCluster', 'createSentinel'] as const;
