import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { MAX_MESSAGES, sequenceOf } from './sequence.ts';

const START = 1_700_000_000_000;
const at = (ms: number): string => `${START + ms}000000`;
const step = (id: string, service: string, from: number, more: object = {}): object => ({
  id,
  service,
  name: `do ${id}`,
  status: 'ok',
  error: null,
  attempts: [],
  startUnixNano: at(from),
  endUnixNano: at(from + 10),
  ...more,
});
const hop = (from: string | null, to: string | null, ms: number, more: object = {}): object => ({
  id: `${from}>${to}`,
  from,
  to,
  sync: false,
  state: to === null ? 'waiting' : 'delivered',
  sentUnixNano: at(ms),
  waitMs: 5,
  message: { kind: 'event', type: `to ${to}`, destination: 'd' },
  ...more,
});
const flow = (more: object): Flow =>
  ({
    startedAtUnixNano: at(0),
    durationMs: 100,
    waitingFor: [],
    steps: [],
    hops: [],
    ...more,
  }) as unknown as Flow;

test('services stand in the order in which they come, messages in order of time', () => {
  const { services, rows } = sequenceOf(
    flow({
      steps: [step('a', 'shop', 0), step('b', 'bank', 20), step('c', 'shop', 40)],
      hops: [
        hop('b', 'c', 30),
        hop('a', 'b', 10, { message: { kind: 'command', type: 'Pay', destination: '' } }),
      ],
    }),
    START,
  );
  expect(services).toEqual(['shop', 'bank']);
  expect(
    rows.map((row) => row.kind === 'message' && [row.from, row.to, row.text, row.dashed]),
  ).toEqual([
    [0, 1, 'Pay', false],
    [1, 0, 'to c', true],
  ]);
});

test('a message that is overdue points to who should have taken it', () => {
  const awaited = { id: 'w', hopId: 'a>null', step: 'mail', service: 'mailer' };
  const waitingFor = [{ ...awaited, lateAt: new Date(START).toISOString() }];
  const { services, rows } = sequenceOf(
    flow({ steps: [step('a', 'shop', 0)], hops: [hop('a', null, 10)], waitingFor }),
    START + 1,
  );
  expect(services).toEqual(['shop', 'mailer']);
  expect(rows).toMatchObject([{ to: 1, state: 'overdue', step: 'mail', stepId: 'await:w' }]);
});

test('a failed step is a box, and a long silence a pause', () => {
  const failed = { status: 'failed', error: { type: 'E', message: 'no money' } };
  const { rows } = sequenceOf(
    flow({
      durationMs: 6000,
      steps: [step('a', 'shop', 0), step('b', 'bank', 20, failed), step('c', 'shop', 5000)],
      hops: [hop('a', 'b', 10), hop('b', 'c', 5000)],
    }),
    START,
  );
  expect(rows.map((row) => row.kind)).toEqual(['message', 'failure', 'pause', 'message']);
  expect(rows[1]).toMatchObject({ at: 1, text: 'do b failed: no money' });
});

test('each failed attempt is a box of its own', () => {
  const attempt = (number: number, status: string, ms: number): object => ({
    ...{ number, status, error: { type: '503', message: '' } },
    ...{ startUnixNano: at(ms), endUnixNano: at(ms + 5) },
  });
  const attempts = [attempt(1, 'failed', 20), attempt(2, 'ok', 40)];
  const steps = [step('a', 'shop', 0), step('b', 'bank', 20, { status: 'retried', attempts })];
  const { rows } = sequenceOf(flow({ steps, hops: [hop('a', 'b', 10)] }), START);
  expect(rows[1]).toMatchObject({ kind: 'failure', text: 'do b ×1 failed: 503', atMs: 25 });
  expect(rows).toHaveLength(2);
});

test('of very many messages the first ones are shown, and the rest is counted', () => {
  const many = Array.from({ length: 500 }, (_, i) => hop('a', 'b', i, { id: String(i) }));
  const { rows, omitted } = sequenceOf(
    flow({ steps: [step('a', 'x', 0), step('b', 'y', 1)], hops: many }),
    START,
  );
  expect([rows.length, omitted]).toEqual([MAX_MESSAGES, 300]);
});
