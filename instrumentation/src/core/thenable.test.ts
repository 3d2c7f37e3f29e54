import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { currentFlow, handleMessage, preciseNow, step } from '../index.ts';
import { recordTelemetry } from '../testing/telemetry.ts';

const { spans } = recordTelemetry();
test('a query that executes at each `then` executes as often as without us, and ends its span', async () => {
  class Query implements PromiseLike<string> {
    executions: (string | undefined)[] = [];
    readonly failure: Error | undefined;
    constructor(failure?: Error) {
      this.failure = failure;
    }
    then<A = string, B = never>(
      done?: ((row: string) => A | PromiseLike<A>) | null,
      failed?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      this.executions.push(currentFlow()?.id);
      return (this.failure ? Promise.reject(this.failure) : Promise.resolve('row')).then(
        done,
        failed,
      );
    }
  }
  const insert = new Query();
  const headers = { 'fermata-flow-id': 'order-4' };
  const run = (query: Query): Query =>
    handleMessage({ destination: 'd', system: 's', headers }, () => step('save', () => query));
  expect(run(insert)).toBe(insert);
  expect([insert.executions, spans()]).toEqual([[], []]);
  expect(await insert).toBe('row');
  expect(insert.executions).toEqual(['order-4']);
  expect(spans().map((span) => span.name)).toEqual(['save', 'process d']);
  expect(await insert).toBe('row');
  expect([insert.executions.length, spans().length]).toEqual([2, 2]);
  const failure = new Error('duplicate key');
  await expect(Promise.resolve(run(new Query(failure)))).rejects.toBe(failure);
  expect(spans().map((span) => span.status.message)).toEqual([
    undefined,
    undefined,
    'duplicate key',
    'duplicate key',
  ]);
  const frozen = Object.freeze(new Query());
  expect(await run(frozen)).toBe('row');
  expect([frozen.executions.length, spans().length]).toEqual([1, 6]);
});

test('a query that nobody executes is not executed; its span ends with it, as of when it was returned', async () => {
  const then = vi.fn();
  step('forgotten', () => ({ then }));
  const returned = preciseNow();
  // The object is still on the stack and cannot be collected, so the test waits for one turn of the
  // event loop.
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await vi.waitFor(() => {
    collect();
    expect(spans()).toHaveLength(1);
  });
  const [seconds, nanos] = spans()[0]!.endTime;
  expect(seconds * 1000 + nanos / 1e6).toBeLessThanOrEqual(returned + 0.01);
  expect(then).not.toHaveBeenCalled();
});
