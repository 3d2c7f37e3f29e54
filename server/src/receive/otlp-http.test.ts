import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createCounters } from '../base/counters.ts';
import { createMemory } from '../base/memory.ts';
import { systemClock } from '../base/clock.ts';
import { createBudget } from './budget.ts';
import { otlpHttpApp } from './otlp-http.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test('each answer names the dashboard as it is reached at the time', async () => {
  let dashboard = 'http://127.0.0.1:1/';
  const server = createServer(
    otlpHttpApp({
      counters: createCounters(),
      budget: createBudget(systemClock(), 1024, 4096),
      memory: createMemory(),
      random: () => 0,
      offer: () => Promise.resolve(),
      dashboard: () => dashboard,
    }),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const named = async (path: string, type: string): Promise<[number, string | null]> => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
    });
    return [status, headers.get('fermata-dashboard')];
  };
  expect(await named('/v1/traces', 'application/x-protobuf')).toEqual([200, dashboard]);
  dashboard = 'https://fermata.example/';
  expect(await named('/v1/logs', 'application/json')).toEqual([200, dashboard]);
  expect(await named('/v1/traces', 'text/plain')).toEqual([415, dashboard]);
  expect(await named('/elsewhere', 'application/json')).toEqual([404, dashboard]);
});
