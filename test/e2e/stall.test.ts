import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Flow, FlowList, IncidentList, LearnedType } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario } from '../scenarios/run.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer } from '../support/server-process.ts';

/**
 * This test checks the main purpose of Fermata. When a consumer dies, exactly one notification
 * names it; when it has recovered, another one says so.
 */
test('a consumer that dies is named, told once, and told over when it has caught up', async () => {
  const told: { event: string; text: string; key: string }[] = [];
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { event, text } = JSON.parse(body) as { event: string; text: string };
      told.push({ event, text, key: request.headers['idempotency-key'] as string });
      response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const directory = freshDirectory();
  const settings = join(directory.path, 'alerts.yaml');
  writeFileSync(
    settings,
    `channels:\n  - { name: ops, kind: webhook, url: "http://127.0.0.1:${(hook.address() as AddressInfo).port}/" }\nroutes:\n  - { severity: critical, channels: ops, groupWait: 500ms }\n`,
  );
  const server = await startServer(join(directory.path, 'data'), {
    FERMATA_SETTLE: '1s',
    FERMATA_STUCK_FLOOR: '2s',
    FERMATA_ALERTS: settings,
    FERMATA_ALERT_ALLOW: '127.0.0.1',
  });
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${server.web}/api/v1${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  };
  const running = await runScenario(scenarioNamed('checkout-choreographed'), { otlp: server.otlp });
  const place = async (from: number, count: number): Promise<void> => {
    for (let i = from; i < from + count; i += 5)
      await Promise.all(
        Array.from({ length: Math.min(5, from + count - i) }, (_, k) =>
          running.placeOrder({
            orderId: `stall-${i + k}`,
            flags: (i + k) % 2 === 0 ? ['member'] : [],
          }),
        ),
      );
  };
  await place(0, 130);
  await eventually(async () => {
    const { items } = await get<{ items: LearnedType[] }>(
      '/flow-types/order-choreographed/expectations',
    );
    expect(items[0]!.usual.flows).toBeGreaterThanOrEqual(120);
  }, 60_000);

  running.kill('warehouse');
  await place(1000, 6);
  const incident = await eventually(async () => {
    const open = (await get<IncidentList>('/incidents?status=open')).items.filter(
      (one) => one.severity === 'critical',
    );
    expect(open, open.map((one) => one.title).join(' + ')).toHaveLength(1);
    expect(open[0]!.openCount).toBe(6);
    return open[0]!;
  }, 60_000);
  expect(incident).toMatchObject({
    service: 'warehouse',
    step: 'ship order',
    flowType: 'order-choreographed',
  });
  const stuck = await get<FlowList>(`/flows?incident=${incident.key}`);
  expect(stuck.items.map((flow) => flow.status)).toEqual(Array.from({ length: 6 }, () => 'stuck'));
  const flow = await get<Flow>(`/flows/${stuck.items[0]!.id}`);
  expect(flow.waitingFor[0]).toMatchObject({
    step: 'ship order',
    service: 'warehouse',
    certain: true,
  });
  await eventually(() => expect(told.map(({ event }) => event)).toEqual(['opened']));
  expect(told[0]!.text).toContain('warehouse');

  await running.revive('warehouse');
  await eventually(async () => {
    expect(told.map(({ event }) => event)).toEqual(['opened', 'resolved']);
    expect((await get<IncidentList>('/incidents?status=open')).items).toEqual([]);
  }, 60_000);
  expect(new Set(told.map(({ key }) => key)).size).toBe(2);
  expect((await get<FlowList>(`/flows?status=stuck`)).items).toEqual([]);

  await running.stop();
  await server.end('SIGTERM');
  hook.close();
  directory.remove();
}, 180_000);
