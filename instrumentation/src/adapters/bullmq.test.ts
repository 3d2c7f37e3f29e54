import { createRequire } from 'node:module';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { recordTelemetry, until } from '../testing/telemetry.ts';
import { createBullTelemetry, instrumentBullMq } from './bullmq.ts';

type Bull = { Queue: typeof Queue; Worker: typeof Worker };
const { spans, spansOf } = recordTelemetry();
const hasRedis = await isReachable('Redis', 6379);

test.runIf(hasRedis)(
  'a job, its retry and a flow’s children are in the flow that added them',
  async () => {
    const name = unique();
    const connection = { host: '127.0.0.1', port: 6379 };
    const telemetry = createBullTelemetry() as never;
    const seen: string[] = [];
    const worker = new Worker(
      name,
      (job) => {
        seen.push(`${job.name} ${currentFlow()?.id}`);
        if (job.name === 'flaky' && job.attemptsMade === 0)
          return Promise.reject(new Error('not yet'));
        return Promise.resolve();
      },
      { connection, telemetry },
    );
    const queue = new Queue(name, { connection, telemetry });
    const flows = new FlowProducer({ connection, telemetry });
    await withFlow({ id: 'b1', type: 'bulk' }, () => queue.add('flaky', {}, { attempts: 2 }));
    await withFlow({ id: 'b2' }, () =>
      flows.add({
        name: 'parent',
        queueName: name,
        opts: {},
        children: [{ name: 'child', queueName: name, opts: {} }],
      }),
    );
    await until(() => seen.length === 4);
    expect(seen.sort()).toEqual(['child b2', 'flaky b1', 'flaky b1', 'parent b2']);
    await until(() => spansOf('process').length >= 4);
    expect(
      spansOf('process').filter((span) => span.status.code === SpanStatusCode.ERROR),
    ).toHaveLength(1);
    const types = (operation: string): unknown[] =>
      spansOf(operation).map((span) => span.attributes['fermata.message.type']);
    expect(types('process').sort()).toEqual(['child', 'flaky', 'flaky', 'parent']);
    expect(types('send').sort()).toEqual(['child', 'flaky', 'parent']);
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
    await flows.close();
  },
  30_000,
);

test.runIf(hasRedis).each(['bullmq4', 'bullmq5', 'bullmq'])(
  '%s, without code: a job and its retry are in the flow that added it',
  async (version) => {
    const bull = createRequire(import.meta.url)(version) as Bull &
      Parameters<typeof instrumentBullMq>[0];
    instrumentBullMq(bull);
    const name = unique();
    const connection = { host: '127.0.0.1', port: 6379, maxRetriesPerRequest: null };
    const queue = new bull.Queue(name, { connection });
    const seen: unknown[] = [];
    const worker = new bull.Worker(
      name,
      async (job) => {
        seen.push(currentFlow()?.id);
        if (seen.length === 1) throw new Error('not yet');
        await job.updateProgress(100);
      },
      { connection },
    );
    await withFlow({ id: 'b1' }, () => queue.add('flaky', { n: 1 }, { attempts: 2 }));
    await until(() => spansOf('process').length === 2);
    expect(seen).toEqual(['b1', 'b1']);
    expect(spansOf('send')).toHaveLength(1);
    expect(spansOf('process').map(({ status }) => status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ]);
    const attempts = spansOf('process').map(
      ({ attributes }) =>
        attributes['fermata.step.attempt'] ?? attributes['bullmq.job.attempts.made'],
    );
    if (version === 'bullmq4') expect(attempts).toEqual([1, 2]);
    const roots = spans().filter((span) => span.parentSpanContext === undefined);
    expect(roots.filter(({ kind }) => kind === SpanKind.INTERNAL)).toEqual([]);
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  },
  30_000,
);
