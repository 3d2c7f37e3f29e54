import { createRequire } from 'node:module';
import type * as IoRedis from 'ioredis';
import { handleStreamEntry } from '@fermata/instrumentation/adapters/redis-streams';
import type { Bus } from './bus.ts';
import { headersOf, slipOf } from './headers.ts';

/**
 * Implements the scenarios' broker interface with Redis Streams, by one stream per topic and one
 * group per service. A failed message is retried here, as XCLAIM would do it.
 */
const require = createRequire(import.meta.url);
const MAX_DELIVERIES = 3;

export async function connectRedis(url: string, scenario: string): Promise<Bus> {
  const { Redis } = require('ioredis') as typeof IoRedis;
  const client = new Redis(url);
  const readers: IoRedis.Redis[] = [];
  const keyOf = (topic: string): string => `fermata:${scenario}:${topic}`;
  return {
    async publish(kind, type, topic, body, itinerary) {
      const fields = Object.entries(headersOf(kind, itinerary)).flat();
      await client.xadd(
        keyOf(topic),
        'MAXLEN',
        '~',
        10_000,
        '*',
        'type',
        type,
        'body',
        JSON.stringify(body),
        ...fields,
      );
    },
    async subscribe(topic, group, handler) {
      const stream = keyOf(topic);
      await client.xgroup('CREATE', stream, group, '$', 'MKSTREAM').catch(() => undefined);
      const reader = client.duplicate();
      readers.push(reader);
      const handle = async (id: string, fields: string[]): Promise<void> => {
        const all = Object.fromEntries(
          fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]] as const] : [])),
        );
        for (let deliveries = 1; deliveries <= MAX_DELIVERIES; deliveries++)
          try {
            await handleStreamEntry(
              { stream, group, id, fields, deliveries, type: all['type'] ?? '' },
              () =>
                handler({
                  body: JSON.parse(all['body'] ?? '{}') as object,
                  itinerary: slipOf(all),
                }),
            );
            break;
          } catch {
            await new Promise((resolve) => setTimeout(resolve, 30));
          }
        await client.xack(stream, group, id);
      };
      const read = async (): Promise<void> => {
        for (;;) {
          const found = (await reader
            .xreadgroup('GROUP', group, 'one', 'COUNT', 50, 'BLOCK', 1000, 'STREAMS', stream, '>')
            .catch(() => 'closed')) as [string, [string, string[]][]][] | null | 'closed';
          if (found === 'closed') return;
          for (const [, entries] of found ?? [])
            for (const [id, fields] of entries) void handle(id, fields);
        }
      };
      void read();
    },
    async close() {
      for (const reader of readers) reader.disconnect();
      await client.quit();
    },
  };
}
