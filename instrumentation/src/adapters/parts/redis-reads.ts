import {
  createReads,
  isPropagationHeader,
  startProcessing,
  type Processing,
  type ReadMessage,
} from '../../adapter-kit.ts';

/**
 * This file traces the entries that a client reads from Redis Streams. The handling of an entry
 * begins when the consumer reads the entry's fields. It ends with XACK, or when the consumer reads
 * the stream again. XACK may come from another connection, because the reading connection is often
 * blocked.
 */

/**
 * One entry in the reply to a read command. `holder[property]` is where the consumer will read the
 * fields.
 */
export interface ReadEntry {
  stream: string;
  id: string;
  fields: readonly unknown[] | Readonly<Record<string, unknown>>;
  holder: object;
  property: string | number;
}
/** How entries were read. An entry that was read without a consumer group is never acknowledged. */
export interface ReadBy {
  group: string | undefined;
  acknowledges: boolean;
}

const reads = createReads();
const keyOf = (stream: string, group: string | undefined, id: string): string =>
  `${stream}\0${group ?? ''}\0${id}`;

/** Ends the handling of the entries that this client read before, because it now reads again. */
export const beginRead = (client: object): void => reads.begin(client);

/** Starts to trace the entries in the reply to a read command. */
export function traceEntries(
  client: object,
  { group, acknowledges }: ReadBy,
  entries: readonly ReadEntry[],
): void {
  const messages = entries.flatMap(({ stream, id, fields, holder, property }): ReadMessage[] => {
    const headers = propagationFields(fields);
    // Without a consumer group, only entries that carry context are traced. Others may be anything,
    // such as a queue library's internal events.
    if (group === undefined && Object.keys(headers).length === 0) return [];
    const start = (): Processing =>
      startProcessing({
        system: 'redis',
        destination: stream,
        headers,
        type: stream,
        ...(group !== undefined && { group }),
        attributes: { 'messaging.redis.entry.id': id },
      });
    return [{ key: keyOf(stream, group, id), acknowledges, start, holder, property }];
  });
  reads.took(client, messages);
}

/** Ends the handling of the entries that an XACK command names. */
export function acknowledge(stream: string, group: string, ids: readonly string[]): void {
  for (const id of ids) reads.settle(keyOf(stream, group, id));
}

/**
 * Returns the fields that carry context, and none of the application's, even if named `id` or
 * `type`. In a list, options and the entry's id may precede the fields, so pairs of name and value
 * are counted from the end.
 */
export function propagationFields(fields: ReadEntry['fields']): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  if (Array.isArray(fields))
    for (let i = fields.length % 2; i < fields.length; i += 2)
      all[String(fields[i])] = String(fields[i + 1]);
  else Object.assign(all, fields);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isPropagationHeader(name)));
}

type Reply = readonly unknown[] | null | undefined;
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the entries of a reply of the form `[[id, [name, value, …]], …]`. */
function entriesIn(stream: string, list: unknown): ReadEntry[] {
  return asList(list).flatMap((entry): ReadEntry[] => {
    const [id, fields] = asList(entry);
    if (!Array.isArray(fields)) return [];
    return [{ stream, id: String(id), fields, holder: entry as object, property: 1 }];
  });
}

/** Returns the entries of a reply of the form `[[stream, entries], …]`. */
const byStream = (reply: Reply): ReadEntry[] =>
  asList(reply).flatMap((part) => {
    const [stream, list] = asList(part);
    return entriesIn(String(stream), list);
  });

interface Reading {
  by: (args: readonly string[]) => ReadBy;
  entriesIn: (reply: Reply, args: readonly string[]) => ReadEntry[];
}
const asGroup = (args: readonly string[]): ReadBy => ({ group: args[1], acknowledges: true });

/** For each Redis command that reads entries: how its arguments and its reply are understood. */
export const READS: Readonly<Record<string, Reading>> = {
  xreadgroup: {
    by: (args) => ({
      group: args[1],
      acknowledges: !args.some((arg) => arg.toUpperCase() === 'NOACK'),
    }),
    entriesIn: byStream,
  },
  xread: { by: () => ({ group: undefined, acknowledges: false }), entriesIn: byStream },
  xclaim: { by: asGroup, entriesIn: (reply, [stream = '']) => entriesIn(stream, reply) },
  xautoclaim: {
    by: asGroup,
    entriesIn: (reply, [stream = '']) => entriesIn(stream, asList(reply)[1]),
  },
};

/**
 * Returns the entries of a node-redis reply: a list of `{ id, message }`, or one such list per
 * stream.
 */
export function nodeRedisEntries(reply: unknown, stream?: string): ReadEntry[] {
  const list = Array.isArray(reply)
    ? reply
    : asList((reply as { messages?: unknown } | null)?.messages);
  return list.flatMap((part: unknown): ReadEntry[] => {
    const { name, messages, id, message } = (part ?? {}) as Record<string, unknown>;
    if (Array.isArray(messages)) return nodeRedisEntries(messages, String(name));
    if (stream === undefined || typeof message !== 'object' || message === null) return [];
    return [
      {
        stream,
        id: String(id),
        fields: message as Record<string, unknown>,
        holder: part as object,
        property: 'message',
      },
    ];
  });
}
