import type { Flow, FlowList } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { createSender } from '../scenarios/history/send.ts';
import { shopHistory, STUCK, versionAt } from '../scenarios/history/shop-history.ts';
import { shop } from '../scenarios/systems/shop.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer } from '../support/server-process.ts';

/**
 * This test checks what a user sees half a minute after the demo's start: a stuck order and its
 * cause. It sends only the demo's history and starts none of its services.
 */
test('the history of the demo shows a stuck order and a growing queue', async () => {
  const directory = freshDirectory();
  const server = await startServer(directory.path);
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${server.web}/api/v1${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  };
  const nowMs = Date.now();
  const sender = createSender(server.otlp, (service, atMs) => ({
    'service.name': service,
    'service.version': versionAt(service, atMs, nowMs),
    'service.instance.id': `${service}-1`,
    'deployment.environment.name': 'demo',
  }));
  try {
    await sender.define(shop, 'checkout');
    const { played } = shopHistory({
      // No order is placed in the last 5 s, so that all orders have ended except those that wait
      // for their mail.
      ...{ nowMs, untilMs: nowMs - 5000, seed: 1, lengthMs: 50 * 60_000, rate: 0.3 },
      hourGapMs: 20_000,
      ...{ mailerBackMs: nowMs + 3_600_000, system: 'bus' },
    });
    await sender.send([...played].reverse(), nowMs);

    await eventually(async () => {
      const stuck = await get<FlowList>('/flows?status=stuck&limit=100');
      expect(stuck.total).toBeGreaterThan(10);
      expect(stuck.items.map(({ key }) => key)).toContain(STUCK.orderId);
    }, 30_000);
    const { items: types } = await get<{ items: { type: string }[] }>('/flow-types');
    expect(types.map(({ type }) => type).sort()).toEqual(['order', 'return']);

    const flow = await get<Flow>(`/flows/${STUCK.orderId}`);
    expect(flow.waitingFor[0]).toMatchObject({ step: 'book parcel', service: 'shipping' });
    expect(Date.parse(flow.waitingFor[0]!.since)).toBeLessThan(nowMs - STUCK.agoMs + 60_000);
    const { items: incidents } = await get<{ items: { service: string; rule: string }[] }>(
      '/incidents?status=open',
    );
    const absent = incidents.filter(({ rule }) => rule === 'undelivered-message');
    expect(absent.map(({ service }) => service).sort()).toEqual(['mailer', 'shipping']);
    const { items: done } = await get<FlowList>('/flows?status=completed&limit=1');
    expect(done).toHaveLength(1);
  } finally {
    sender.stop();
    await server.end('SIGTERM');
    directory.remove();
  }
}, 90_000);
