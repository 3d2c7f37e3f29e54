import {
  handleMessage,
  isPropagationHeader,
  markTraced,
  publishEvent,
  TRACED,
  type Extracted,
} from '../adapter-kit.ts';

/**
 * This adapter carries context as fields of a stream entry, besides the application's own fields,
 * with ioredis (`xadd`) and node-redis (`xAdd`), in pipelines and transactions, too. Reading
 * returns entries in batches, so `handleStreamEntry` runs a handler for one entry.
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

export function traceRedisStreams<C extends object>(client: C): C {
  return traceAdding(client, { underWay: false });
}

function traceAdding<C extends object>(client: C, adding: Adding): C {
  if (!markTraced(client)) return client;
  const methods = client as Methods;
  replace(methods, 'xadd', (xadd) => tracedXadd(xadd as XAdd, adding));
  replace(methods, 'xAdd', (xAdd) => tracedXAdd(xAdd as XAdd));
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

/**
 * Returns the fields that carry context. Fields of the application named `id` or `type` are not
 * among them.
 */
function propagationFields(fields: StreamEntry['fields']): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  // Options and the entry's id may precede the fields, so pairs of name and value are counted from
  // the end.
  if (Array.isArray(fields))
    for (let i = fields.length % 2; i < fields.length; i += 2)
      all[fields[i] as string] = fields[i + 1];
  else Object.assign(all, fields);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isPropagationHeader(name)));
}
const withoutContext = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !isPropagationHeader(name)));

/**
 * Instruments `xadd` of all clients without changes to the application; `module` is `ioredis`. A
 * second call does nothing.
 */
export function instrumentIoRedis(module: { Redis?: { prototype: object } }): void {
  if (module.Redis) traceRedisStreams(module.Redis.prototype);
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
