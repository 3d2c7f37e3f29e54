import { connect, headers as natsHeaders, type Msg } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { currentFlow, withFlow } from '../index.ts';
import { isReachable, unique } from '../testing/brokers.ts';
import { flowIdOf, recordTelemetry, until } from '../testing/telemetry.ts';
import { traceNats } from './nats.ts';

const { spansOf, joined } = recordTelemetry();
const hasNats = await isReachable('NATS', 4222);

describe.runIf(hasNats)('NATS core', () => {
  test('publish to a callback, request and its responder', async () => {
    const connection = traceNats(await connect({ servers: '127.0.0.1:4222' }), {
      headers: natsHeaders,
    });
    const subject = unique();
    const seen: (string | undefined)[] = [];
    connection.subscribe(subject, {
      queue: 'workers',
      callback: (_error, msg) => {
        seen.push(currentFlow()?.id);
        if (msg.reply) msg.respond('yes');
      },
    });
    await connection.flush();
    withFlow({ id: 'n1' }, () => connection.publish(subject, 'x'));
    const answer = await withFlow({ id: 'n2' }, () => connection.request(subject, 'y'));
    expect(answer.string()).toBe('yes');
    await until(() => spansOf('process').length === 2);
    expect(seen).toEqual(['n1', 'n2']);
    expect(joined().map(([sent, handled]) => [flowIdOf(sent), flowIdOf(handled)])).toEqual([
      ['n1', 'n1'],
      ['n2', 'n2'],
    ]);
    expect(spansOf('send')).toHaveLength(2);
    await connection.close();
  });
});

describe.runIf(hasNats)('NATS headers', () => {
  test('are the caller’s own: sent twice they are two messages, of two flows; passed on, they are another one', async () => {
    const connection = traceNats(await connect({ servers: '127.0.0.1:4222' }), {
      headers: natsHeaders,
    });
    const [subject, next] = [unique(), unique()];
    const seen: Record<string, string[]>[] = [];
    const keep = (msg: Msg): void => void seen.push(Object.fromEntries(msg.headers!));
    connection.subscribe(subject, {
      callback: (_error, msg) => {
        keep(msg);
        connection.publish(next, 'x', { headers: msg.headers! });
      },
    });
    connection.subscribe(next, { callback: (_error, msg) => keep(msg) });
    await connection.flush();
    const headers = natsHeaders();
    headers.append('tenant', 't1');
    headers.append('tenant', 't2');
    headers.set('Nats-Msg-Id', 'order-1');
    withFlow({ id: 'n1' }, () => connection.publish(subject, 'x', { headers }));
    await until(() => seen.length === 2);
    expect([...headers.keys()]).toEqual(['tenant', 'Nats-Msg-Id']);
    headers.set('Nats-Msg-Id', 'order-2');
    withFlow({ id: 'n2' }, () => connection.publish(subject, 'x', { headers }));
    await until(() => seen.length === 4);
    const valuesOf = (name: string): unknown[] => seen.map((record) => record[name]);
    expect(valuesOf('tenant')).toEqual(Array(4).fill(['t1', 't2']));
    expect(valuesOf('fermata-flow-id')).toEqual([['n1'], ['n1'], ['n2'], ['n2']]);
    expect(valuesOf('fermata-causation-id')).toEqual([
      undefined,
      ['order-1'],
      undefined,
      ['order-2'],
    ]);
    expect(new Set(valuesOf('fermata-message-id').flat()).size).toBe(4);
    await connection.close();
  });
});

/**
 * Consumes `count` messages and returns the current flow at the start of each loop body, after an
 * await in it, and after the loop.
 */
async function loopOver(messages: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const flows: unknown[] = [];
  for await (const _message of messages) {
    flows.push(currentFlow()?.id);
    await new Promise((resolve) => setImmediate(resolve));
    flows.push(currentFlow()?.id);
    if (flows.length === 2 * count) break;
  }
  flows.push(currentFlow()?.id);
  return flows;
}

describe.runIf(hasNats)('iterators', () => {
  test('of NATS core: each body is in the context of its message, and what follows is in none', async () => {
    const connection = traceNats(await connect({ servers: '127.0.0.1:4222' }), {
      headers: natsHeaders,
    });
    const subject = unique();
    const subscription = connection.subscribe(subject, { queue: 'workers' });
    await connection.flush();
    const looped = loopOver(subscription, 2);
    withFlow({ id: 'n1' }, () => connection.publish(subject, 'x'));
    withFlow({ id: 'n2' }, () => connection.publish(subject, 'y'));
    expect(await looped).toEqual(['n1', 'n1', 'n2', 'n2', undefined]);
    await until(() => spansOf('process').length === 2);
    expect(joined().map(([sent, handled]) => [flowIdOf(sent), flowIdOf(handled)])).toEqual([
      ['n1', 'n1'],
      ['n2', 'n2'],
    ]);
    await connection.close();
  });
});
