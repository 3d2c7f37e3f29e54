import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * Folder with telemetry recorded by other public projects; undefined if it is not beside the
 * checkout.
 */
const fixtures = [fileURLToPath(new URL('../../../shared/fixtures/', import.meta.url))].find(
  existsSync,
);
if (!fixtures)
  process.stdout.write('\n  SKIPPED: foreign recordings; there are none beside this checkout\n\n');

describe.runIf(fixtures)('foreign recordings', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  beforeAll(async () => {
    server = await startServer(directory.path);
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    directory.remove();
  });
  const send = async (file: string, signal = 'traces'): Promise<void> => {
    const response = await fetch(`${server.otlp}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: readFileSync(`${fixtures}${file}`),
    });
    expect(response.status, file).toBe(200);
    expect(await response.json(), file).toEqual({});
  };
  const flow = (traceId: string): Promise<Flow> =>
    eventually(async () => {
      const response = await fetch(`${server.web}/api/v1/flows/${traceId}`);
      expect(response.status).toBe(200);
      return (await response.json()) as Flow;
    });
  const edges = (found: Flow): string[] =>
    found.hops
      .filter((hop) => hop.state === 'delivered')
      .map((hop) => {
        const service = (id: string | null): string =>
          found.steps.find((step) => step.id === id)?.service ?? '?';
        return `${service(hop.from)} -${hop.message.system}/${hop.message.destination}-> ${service(hop.to)}`;
      });

  test('opentelemetry-proto’s examples are taken as they are', async () => {
    await send('otlp-proto-examples/trace.json');
    await send('otlp-proto-examples/logs.json', 'logs');
    await send('otlp-proto-examples/events.json', 'logs');
    await send('otlp-proto-examples/metrics.json', 'metrics');
    expect((await flow('5b8efff798038103d269b633813fc60c')).stepCount).toBe(1);
  });

  test('async-trace-doctor: who is linked to whom', async () => {
    for (const name of ['normal', 'broken-context', 'batch-incomplete', 'duplicate'])
      await send(`async-trace-doctor/testdata/core/${name}.json`);
    await eventually(async () =>
      expect(edges(await flow('1'.repeat(32)))).toEqual(['checkout -kafka/orders-> fulfillment']),
    );
    await eventually(async () => {
      const detached = await flow(`31${'1'.repeat(30)}`);
      expect(edges(detached)).toEqual(['checkout -rabbitmq/payments-> billing']);
      expect(detached.badges).toContain('broken-context');
    });
    const first = await flow(`41${'1'.repeat(30)}`);
    const second = await flow(`42${'2'.repeat(30)}`);
    expect(first.id).not.toBe(second.id);
    const thrice = await eventually(async () => {
      const found = await flow(`51${'1'.repeat(30)}`);
      expect(found.steps.find((step) => step.service === 'mailer')!.attempts).toHaveLength(3);
      return found;
    });
    expect(thrice.badges).toContain('duplicate-processing');
    expect(edges(thrice)).toEqual(['notifier -kafka/notifications-> mailer']);
  });

  test('semantic conventions’ examples: fan-out once each, a batch glues nobody', async () => {
    await send('semconv-messaging-examples/1-topic-multiple-consumers.otlp.json');
    await send('semconv-messaging-examples/4-batch-publish-without-create.otlp.json');
    const fanOut = await eventually(async () => {
      const found = await flow('a1'.padStart(32, '0'));
      expect(found.hops).toHaveLength(2);
      return found;
    });
    expect(fanOut.hops.map((hop) => hop.waitMs).sort()).toEqual([15, 25]);
    const ids = await Promise.all(
      ['d1', 'd2', 'd3'].map(async (trace) => (await flow(trace.padStart(32, '0'))).id),
    );
    expect(new Set(ids).size).toBe(3);
    const list = (await (await fetch(`${server.web}/api/v1/flows?limit=100`)).json()) as FlowList;
    for (const { id } of list.items.filter((item) =>
      item.id.startsWith('000000000000000000000000000000d'),
    )) {
      const found = await flow(id);
      expect(found.hops.filter((hop) => hop.state === 'waiting')).toHaveLength(0);
    }
  });
});
