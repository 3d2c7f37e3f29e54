import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';
import { planOrders, requestOf, type Fate } from '../support/small-shop.ts';

const docs = fileURLToPath(new URL('../../docs/grafana/', import.meta.url));
const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
if (!hasPrometheus) {
  if (process.env['FERMATA_REQUIRE_BROKERS'] === '1')
    throw new Error('FERMATA_REQUIRE_BROKERS=1, and there is no prometheus');
  process.stdout.write('\n  SKIPPED: a real Prometheus; it is not installed\n\n');
}

/**
 * Number of flow types and destinations with distinct names that are sent. With 100,000 the test
 * takes a minute longer.
 */
const NAMES = Number(process.env['NAMES'] ?? 15_000);

interface Panel {
  title: string;
  targets: { expr: string }[];
}
interface Answer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

/**
 * In these tests a real Prometheus scrapes the server and evaluates the rules and dashboard of
 * docs/grafana.
 */
describe.runIf(hasPrometheus)('a real Prometheus', () => {
  const directory = freshDirectory();
  const orders = planOrders(Date.now());
  const count = (fate: Fate): number => orders.filter((order) => order.fate === fate).length;
  let server: ServerProcess;
  let prometheus: ChildProcess;
  let address: string;

  const send = async (body: object): Promise<void> => {
    const response = await fetch(`${server.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBe(200);
  };
  const query = async (expression: string): Promise<Answer> => {
    const parameters = new URLSearchParams({ query: expression });
    return (await (
      await fetch(`${address}/api/v1/query?${parameters.toString()}`)
    ).json()) as Answer;
  };
  const valueOf = async (expression: string): Promise<number> =>
    Number((await query(expression)).data.result[0]?.value[1]);

  beforeAll(async () => {
    server = await startServer(join(directory.path, 'data'), {
      ...{ FERMATA_SETTLE: '1s', FERMATA_STUCK_FLOOR: '1s' },
    });
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const config = join(directory.path, 'prometheus.yml');
    writeFileSync(
      config,
      [
        'global: { scrape_interval: 1s, evaluation_interval: 1s }',
        `rule_files: [${docs}rules.yaml]`,
        'scrape_configs:',
        '  - job_name: fermata',
        `    static_configs: [{ targets: ['${server.web.slice('http://'.length)}'] }]`,
      ].join('\n'),
    );
    prometheus = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory.path, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    await eventually(
      async () => expect((await fetch(`${address}/-/ready`)).status).toBe(200),
      30_000,
    );
    // Completed orders are sent first, so that the server learns what is usual before the stalled
    // orders arrive.
    await send(requestOf(orders.filter(({ fate }) => fate !== 'unpacked')));
    await eventually(async () => {
      const ended = await valueOf('sum(fermata_flows_ended_total{outcome="completed"})');
      expect(ended).toBe(count('shipped') + count('retried'));
    }, 30_000);
    await send(requestOf(orders.filter(({ fate }) => fate === 'unpacked')));
    await eventually(async () => {
      expect(await valueOf('sum(fermata_flows_stuck)')).toBe(count('unpacked'));
    }, 60_000);
  }, 120_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill('SIGTERM');
    await ended;
    await server.end('SIGTERM');
    directory.remove();
  });

  test('accepts what is exposed, and the rules', async () => {
    execFileSync('promtool', ['check', 'rules', `${docs}rules.yaml`]);
    const targets = (await (await fetch(`${address}/api/v1/targets`)).json()) as {
      data: { activeTargets: { health: string; lastError: string }[] };
    };
    expect(targets.data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }]);
  });

  test('counts what happened', async () => {
    const ended = count('shipped') + count('retried');
    await eventually(async () => {
      expect(await valueOf('fermata_flows_started_total{flow_type="order"}')).toBe(orders.length);
      expect(await valueOf('fermata_flows_ended_total{outcome="completed"}')).toBe(ended);
      expect(await valueOf('fermata_flows_ended_total{outcome="failed"}')).toBe(count('declined'));
      expect(await valueOf('fermata_flow_duration_seconds_count')).toBe(ended + count('declined'));
    });
    // In the plan of the shop, each order takes between 0.15 and 1 s.
    const median = await valueOf(
      'histogram_quantile(0.5, sum by (le) (fermata_flow_duration_seconds_bucket))',
    );
    expect(median).toBeGreaterThan(0.1);
    expect(median).toBeLessThan(0.5);
    expect(await valueOf('fermata_queue_wait_seconds_count{destination="paid"}')).toBe(ended);
  });

  test('every panel of the dashboard has an answer', async () => {
    const { panels } = JSON.parse(readFileSync(`${docs}fermata.json`, 'utf8')) as {
      panels: Panel[];
    };
    const expressions = panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({
        title,
        expression: expr
          .replaceAll('$__rate_interval', '5m')
          .replaceAll(/\$(flow_type|environment)/g, '.*'),
      })),
    );
    expect(expressions.length).toBeGreaterThan(10);
    for (const { title, expression } of expressions)
      await eventually(async () => {
        const answer = await query(expression);
        expect([title, answer.error]).toEqual([title, undefined]);
        expect(answer.data.result.length, title).toBeGreaterThan(0);
      });
  });

  test('the rules find the stuck flows', async () => {
    await eventually(async () => {
      const pending = await query('ALERTS{alertname="FlowsAreStuck"}');
      expect(pending.data.result[0]?.metric).toMatchObject({ flow_type: 'order' });
    });
  });

  test('names without end are a bounded number of series', async () => {
    const nanos = `${Date.now()}000000`;
    for (let from = 0; from < NAMES; from += 5000)
      await send({
        resourceSpans: [
          {
            resource: { attributes: [] },
            scopeSpans: [
              {
                spans: Array.from({ length: 5000 }, (_, i) => ({
                  traceId: `${from + i}`.padStart(32, 'e'),
                  spanId: `${from + i}`.padStart(16, 'e'),
                  ...{ name: 'work', kind: 5 },
                  ...{ startTimeUnixNano: nanos, endTimeUnixNano: nanos },
                  attributes: [
                    { key: 'fermata.flow.type', value: { stringValue: `junk-${from + i}` } },
                    { key: 'messaging.system', value: { stringValue: 'x' } },
                    { key: 'messaging.operation.type', value: { stringValue: 'process' } },
                    {
                      key: 'messaging.destination.name',
                      value: { stringValue: `queue ${from + i} of junk` },
                    },
                  ],
                })),
              },
            ],
          },
        ],
      });
    await eventually(async () => {
      expect(await valueOf('sum(fermata_flows_started_total)')).toBeGreaterThan(NAMES);
    }, 60_000);
    const text = await (await fetch(`${server.web}/metrics`)).text();
    const series = text.split('\n').filter((line) => line.startsWith('fermata_flow'));
    expect(series.length).toBeLessThan(200 * 26 + 200 * 3);
    expect(text).toContain('fermata_flows_started_total{flow_type="order",environment=""}');
    expect(text).toContain('flow_type="(others)"');
  }, 120_000);
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
