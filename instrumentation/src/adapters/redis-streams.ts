import {
  type Extracted,
  handleMessage,
  isPropagationHeader,
  markTraced,
  publishEvent,
} from '../adapter-kit.ts';

/**
 * Redis Streams with ioredis (`xadd`) or node-redis (`xAdd`): context isPropagationHeader as fields of the entry, beside the
 * application's own; in pipelines and transactions, too. Reading gives entries of any group at once, so `handleStreamEntry` runs a handler for one.
 */
type XAdd = (this: unknown, ...args: unknown[]) => Promise<unknown>;
interface Client {
  xadd?: unknown;
  xAdd?: unknown;
  pipeline?: unknown;
  multi?: unknown;
  duplicate?: unknown;
}
/** With auto-pipelining ioredis adds through a pipeline what its client was asked to add: that is one entry. */
let adding = false;

export function traceRedisStreams<C extends object>(client: C): C {
  if (!markTraced(client)) return client;
  const own = client as Client;
  const { xadd, xAdd } = own as Record<'xadd' | 'xAdd', XAdd | undefined>;
  if (typeof xadd === 'function')
    // XADD key [options] id field value …: fields go last, whatever comes before, and then only a callback.
    own.xadd = function (this: unknown, stream: string, ...args: unknown[]) {
      if (adding) return xadd.call(this, stream, ...args);
      const callback = typeof args.at(-1) === 'function' ? [args.pop()] : [];
      const own = fieldsOf(args.map(String));
      // What was passed on from another entry is among the headers, as far as it holds for this one.
      const rest = args.filter((_, i) => !Object.hasOwn(own, String(args[i - ((args.length - i) % 2)])));
      return publishEvent(outgoing(stream, own), (headers) => {
        adding = true;
        try {
          return xadd.call(this, stream, ...rest, ...Object.entries(headers).flat(), ...callback);
        } finally {
          adding = false;
        }
      });
    };
  if (typeof xAdd === 'function')
    own.xAdd = function (this: unknown, stream: string, id: unknown, fields: object, ...rest: unknown[]) {
      return publishEvent(outgoing(stream, fieldsOf(fields as Record<string, string>)), (headers) =>
        xAdd.call(this, stream, id, { ...withoutContext(fields), ...headers }, ...rest),
      );
    };
  // What ioredis duplicates has the prototype that is traced.
  for (const name of typeof xAdd === 'function' ? GATHERING_OR_ANOTHER : GATHERING) {
    const gather = own[name];
    if (typeof gather !== 'function') continue;
    own[name] = function (this: unknown, ...args: unknown[]) {
      return traceRedisStreams(gather.apply(this, args) as object);
    };
  }
  return client;
}

const GATHERING = ['pipeline', 'multi'] as const;
const GATHERING_OR_ANOTHER = [...GATHERING, 'duplicate'] as const;

const outgoing = (stream: string, headers: Record<string, unknown>) => ({
  type: stream,
  destination: stream,
  system: 'redis',
  headers,
});

export interface StreamEntry {
  stream: string;
  group: string;
  /** `1526919030474-55`. */
  id: string;
  /** `[name, value, …]` as ioredis gives it, or an object as node-redis does. */
  fields: readonly string[] | Readonly<Record<string, string>>;
  /** From XPENDING or XAUTOCLAIM: how often it was delivered; default 1. */
  deliveries?: number;
  type?: string;
  step?: string;
}

/** Handles one entry in its own span, flow and context. Acknowledge it yourself. */
export function handleStreamEntry<T>(entry: StreamEntry, handler: (extracted: Extracted) => T): T {
  return handleMessage(
    {
      system: 'redis',
      destination: entry.stream,
      group: entry.group,
      headers: fieldsOf(entry.fields),
      type: entry.type ?? entry.stream,
      ...(entry.step !== undefined && { step: entry.step }),
      ...(entry.deliveries !== undefined && { attempt: entry.deliveries }),
      attributes: { 'messaging.redis.entry.id': entry.id },
    },
    handler,
  );
}

/** The application may have fields named `id` or `type`: those are not the message's. */
function fieldsOf(fields: StreamEntry['fields']): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  // Options and the id may stand before the fields: those are pairs from the end.
  if (Array.isArray(fields))
    for (let i = fields.length % 2; i < fields.length; i += 2) all[fields[i] as string] = fields[i + 1];
  else Object.assign(all, fields);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isPropagationHeader(name)));
}
const withoutContext = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !isPropagationHeader(name)));

/** Zero-code for entries that are added; `module` is `ioredis`. Idempotent. */
export function instrumentIoRedis(module: { Redis?: { prototype: object } }): void {
  if (module.Redis) traceRedisStreams(module.Redis.prototype);
}

/** The same for `redis`, whose clients are made by factories. */
export function instrumentNodeRedis(module: Partial<Record<Factory, (...args: never[]) => object>>): void {
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
