import { createServer, request as send, type ClientRequest, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import type { FermataError } from '../base/errors.ts';
import { closeServer, listen } from '../base/http.ts';
import { createMemory } from '../base/memory.ts';
import { createBudget, type Reservation } from './budget.ts';
import { otlpHttpApp } from './otlp-http.ts';

test('when too much is held, who held most for longest is refused', () => {
  let now = 0;
  const budget = createBudget({ ...systemClock(), now: () => now }, 100, 100);
  const refused: string[] = [];
  const enter = (name: string): Reservation =>
    budget.enter((error) => {
      expect(error).toMatchObject({
        code: 'intake.full',
        retryable: true,
      } satisfies Partial<FermataError>);
      refused.push(name);
    });
  const old = enter('old');
  old.reserve(10);
  now = 1000;
  const large = enter('large');
  large.reserve(60);
  now = 1010;
  const young = enter('young');
  young.reserve(30);
  expect([budget.inFlight, refused]).toEqual([100, []]);
  young.reserve(31);
  expect([budget.inFlight, refused]).toEqual([91, ['old']]);
  old.reserve(100);
  young.reserve(50);
  expect([budget.inFlight, refused]).toEqual([50, ['old', 'large']]);
  young.reserve(101);
  expect([budget.inFlight, refused]).toEqual([0, ['old', 'large', 'young']]);
  const last = enter('last');
  last.reserve(5);
  last.release();
  last.release();
  expect(budget.inFlight).toBe(0);
});

test.each(['gzip', 'identity'])(
  'slow bodies (%s) do not keep others out: one of them is refused',
  async (encoding) => {
    const budget = createBudget(systemClock(), 1_000_000, 2_200_000);
    const memory = createMemory(0);
    const counters = createCounters();
    const server = createServer(
      otlpHttpApp({ counters, budget, memory, random: () => 0, offer: () => Promise.resolve() }),
    );
    const port = await listen(server, '127.0.0.1', 0, '', '');
    const body = Buffer.alloc(900_000, ' ');
    const slow = encoding === 'gzip' ? gzipSync(body).subarray(0, -5) : body;
    const answers: number[] = [];
    const open = (): ClientRequest => {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      const request = send({ port, method: 'POST', path: '/v1/traces', headers, agent: false });
      request.on('error', () => undefined);
      request.on('response', (answer: IncomingMessage) => answers.push(answer.statusCode!));
      request.write(slow);
      return request;
    };
    const first = open();
    await vi.waitFor(() => expect(budget.inFlight).toBeGreaterThan(900_000), 10_000);
    const second = open();
    await vi.waitFor(() => expect(budget.inFlight).toBeGreaterThan(1_800_000), 10_000);
    const innocent = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}'.padEnd(200_000),
    });
    expect(innocent.status).toBe(200);
    await vi.waitFor(() => expect(answers).toEqual([503]), 10_000);
    first.destroy();
    second.destroy();
    await vi.waitFor(() => expect(budget.inFlight).toBe(0), 10_000);
    await closeServer(server);
  },
);
