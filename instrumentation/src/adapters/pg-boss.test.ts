import PgBoss from 'pg-boss';
import { expect, test } from 'vitest';
import { withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { recordTelemetry, until } from '../testing/telemetry.ts';
import { instrumentPgBoss } from './pg-boss.ts';

const { spansOf } = recordTelemetry();
const hasPostgres = await isReachable('PostgreSQL', 5432);

test.runIf(hasPostgres)(
  'a job has one id on both sides, is tried again, and keeps its data as it is',
  async () => {
    instrumentPgBoss(PgBoss);
    const schema = unique().replaceAll('-', '_');
    const boss = new PgBoss({
      connectionString: 'postgres://postgres@127.0.0.1:5432/postgres',
      schema,
    });
    boss.on('error', () => undefined);
    await boss.start();
    const name = unique();
    await boss.createQueue(name);
    const seen: unknown[] = [];
    await boss.work(name, { pollingIntervalSeconds: 0.5 }, async ([job]) => {
      seen.push(job!.data);
      if (seen.length === 1) throw new Error('not yet');
      await Promise.resolve();
    });
    const id = await withFlow({ id: 'p1' }, () => boss.send(name, { n: 1 }, { retryLimit: 1 }));
    await until(() => spansOf('process').length === 2);
    expect(seen).toEqual([{ n: 1 }, { n: 1 }]);
    const idOf = (operation: string): unknown[] =>
      spansOf(operation).map(({ attributes }) => attributes['messaging.message.id']);
    expect([idOf('send'), idOf('process')]).toEqual([[id], [id, id]]);
    expect(spansOf('process').map(({ status }) => status.message)).toEqual(['not yet', undefined]);
    await boss.stop({ graceful: false });
  },
  60_000,
);
