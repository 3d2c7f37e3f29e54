import type * as BullMq from 'bullmq';
import type { Job, Queue, Worker } from 'bullmq';
import type * as IoRedis from 'ioredis';
import { createRequire } from 'node:module';
import { createBullTelemetry } from '@fermata/instrumentation/adapters/bullmq';
import type { Bus } from './bus.ts';

/**
 * Implements the scenarios' broker interface with BullMQ, by one queue for each topic and group.
 * The subscriptions of a topic are stored in Redis, because a queue has one reader. Jobs have no
 * headers, so the kind of a message is not sent, and a routing slip is part of the body.
 */
const require = createRequire(import.meta.url);

export async function connectBullMq(url: string, scenario: string): Promise<Bus> {
  const bullmq = require('bullmq') as typeof BullMq;
  const { Redis } = require('ioredis') as typeof IoRedis;
  const { hostname, port } = new URL(url.replace('bullmq:', 'redis:'));
  const connection = { host: hostname, port: Number(port) || 6379 };
  const telemetry = createBullTelemetry();
  const queues = new Map<string, Queue>();
  const workers: Worker[] = [];
  const queueOf = (topic: string, group: string): Queue => {
    const name = `${scenario}-${topic}-${group}`.replaceAll(':', '-');
    let queue = queues.get(name);
    if (queue === undefined)
      queues.set(name, (queue = new bullmq.Queue(name, { connection, telemetry })));
    return queue;
  };
  const registry = new Redis(connection);
  const listeners = (topic: string): string => `fermata:${scenario}:${topic}:listeners`;
  return {
    async publish(_kind, type, topic, body, itinerary = []) {
      for (const group of await registry.smembers(listeners(topic)))
        await queueOf(topic, group).add(
          type,
          { body, itinerary },
          { attempts: 3, backoff: 30, removeOnComplete: true },
        );
    },
    async subscribe(topic, group, handler) {
      const work = async (job: Job<{ body: object; itinerary: string[] }>): Promise<void> =>
        handler(job.data);
      const worker = new bullmq.Worker(queueOf(topic, group).name, work, {
        connection,
        telemetry,
        concurrency: 50,
      });
      workers.push(worker);
      await worker.waitUntilReady();
      await registry.sadd(listeners(topic), group);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await registry.quit();
    },
  };
}
