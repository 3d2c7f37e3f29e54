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
 * This adapter writes context as additional fields of an entry of a Redis stream. It wraps ioredis
 * 4 to 6 (`xadd`, `xaddBuffer`, `call`) and node-redis 4 to 6 (`xAdd`), including pipelines and
 * transactions. Reads are traced in `redis-reads.ts`, publish and subscribe in `redis-pubsub.ts`.
 * An application can also call `handleStreamEntry` to run a handler for one entry.
 */
type XAdd = (this: unknown, ...args: unknown[]) => Promise<unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;

/**
 * State that a client shares with its pipelines. With auto-pipelining in ioredis, `xadd` of the
 * client calls `xadd` of a pipeline. The two calls add one entry, which must be traced once.
 */
interface Adding {
  underWay: boolean;
}

/** A command object of ioredis. */
interface Command {
  name: string;
  args: unknown[];
}
/**
 * Commands that are traced already. The same command passes again when its pipeline is executed, or
 * when its client has connected.
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
  // `sendCommand` is wrapped for ioredis only, where a command is an object. In node-redis it takes
  // texts.
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
  // `duplicate` is wrapped for node-redis only. In ioredis, a duplicate shares the prototype that
  // is patched already.
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

/** Replaces a method of an object by a wrapper, unless the method is missing or wrapped already. */
function replace(methods: Methods, name: string, wrap: (method: Method) => Method): void {
  const method = methods[name];
  if (typeof method !== 'function' || Object.hasOwn(method, TRACED)) return;
  const traced = wrap(method);
  markTraced(traced);
  methods[name] = traced;
}

/**
 * Returns a wrapped `xadd`. In `XADD key [options] id field value …`, the fields are the last
 * arguments, followed only by an optional callback.
 */
function tracedXadd(xadd: XAdd, adding: Adding): Method {
  return function (this: unknown, ...[stream, ...args]: unknown[]) {
    if (adding.underWay) return xadd.call(this, stream, ...args);
    const callback = typeof args.at(-1) === 'function' ? [args.pop()] : [];
    const passedOn = propagationFields(args.map(String));
    noteGivenUp(args);
    // Context fields that the application copied from a received entry are dropped. The context of
    // the new entry is in `headers`.
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
 * Marks the active span as failed if the entry being added is a dead letter of the message being
 * handled. After too many failures @moleculer/channels adds such an entry, outside of the handler.
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
 * Returns a wrapped `sendCommand` of ioredis, through which every command passes. It traces entries
 * added by `xaddBuffer` or `call`, reads and acknowledgements.
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
    // In a pipeline, `sendCommand` returns the pipeline and not a promise.
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
/**
 * For each node-redis method that reads entries: where its arguments name the group and the stream.
 */
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
  /** Id of the entry, such as `1526919030474-55`. */
  id: string;
  /** Fields as `[name, value, …]` from ioredis, or as an object from node-redis. */
  fields: readonly string[] | Readonly<Record<string, string>>;
  /** Delivery count from XPENDING or XAUTOCLAIM. Default: 1. */
  deliveries?: number;
  type?: string;
  step?: string;
}

/**
 * Runs a handler for one stream entry, in a span of its own and in the flow that the entry's fields
 * name. The caller acknowledges the entry.
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
 * Patches the ioredis module, so that the application needs no change. In ioredis 4, the module is
 * the class itself. A second call does nothing.
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
 * Patches the functions of `redis` (node-redis) that create clients, so that the application needs
 * no change.
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
