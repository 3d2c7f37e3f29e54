import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario, type RunningScenario } from '../scenarios/run.ts';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * Each client with Fermata only, with OpenTelemetry's own instrumentation only, and with both: one flow an order,
 * evidence on every hop, and waits as the services themselves measured them.
 */
const brokers = await findBrokers('amqp', 'kafka', 'nats', 'redis');
/** Clients that OpenTelemetry instruments with messaging spans. */
const INSTRUMENTED = new Set(['amqp', 'kafka']);

describe('broker matrix', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  beforeAll(async () => {
    server = await startServer(directory.path, { FERMATA_SETTLE: '1s' });
  });
  afterAll(async () => {
    for (const broker of brokers) broker.stop();
    await server.end('SIGTERM');
    directory.remove();
  });
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${server.web}/api/v1${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  };
  const SERVICES = ['checkout', 'email', 'rewards', 'warehouse'];
  /** The whole order: four messages were sent and taken. */
  const isWhole = (flow: Flow): void => {
    expect(flow.services).toEqual(SERVICES);
    const messages = flow.hops.filter((hop) => !hop.sync);
    expect(messages.map((hop) => hop.state)).toEqual(Array.from({ length: 4 }, () => 'delivered'));
    for (const hop of messages) expect(hop.evidence.length).toBeGreaterThan(0);
  };
  /** An order in which every wait is within 2 ms of the truth. One is enough: busy machines pause processes. */
  const agrees = (flow: Flow, running: RunningScenario, acknowledged: boolean): boolean =>
    flow.hops
      .filter((hop) => !hop.sync)
      .every((hop) => {
        const to = flow.steps.find((step) => step.id === hop.to)!;
        return running.handled.some(
          (said) =>
            said.service === to.service &&
            said.handled === to.name &&
            Math.abs(said.atMs - Number(BigInt(hop.receivedUnixNano!) / 1000n) / 1000) <= 2 &&
            // A send that waits for the broker's acknowledgement ends after the message has arrived.
            (acknowledged ? hop.waitMs! <= said.waitMs + 2 : Math.abs(said.waitMs - hop.waitMs!) <= 2),
        );
      });

  for (const broker of brokers)
    for (const mode of INSTRUMENTED.has(broker.name)
      ? (['ours', 'both', 'otel'] as const)
      : (['ours'] as const))
      test(`${broker.name}, ${mode}: each order is one flow`, async () => {
        const scenario = scenarioNamed('checkout-choreographed');
        const running = await runScenario(scenario, {
          otlp: server.otlp,
          broker: broker.url,
          both: mode === 'both',
          plain: mode === 'otel' ? SERVICES : [],
        });
        const orders = Array.from({ length: 6 }, (_, i) => `${broker.name}-${mode}-${i}`);
        const since = new Date().toISOString();
        for (const orderId of orders) await running.placeOrder({ orderId, flags: ['member'] });
        const flows = await eventually(async () => {
          const found =
            mode === 'otel'
              ? await Promise.all(
                  (await get<FlowList>(`/flows?from=${since}&service=warehouse&limit=50`)).items.map((flow) =>
                    get<Flow>(`/flows/${flow.id}`),
                  ),
                )
              : await Promise.all(orders.map((orderId) => get<Flow>(`/flows/${orderId}`)));
          expect(found).toHaveLength(orders.length);
          for (const flow of found) isWhole(flow);
          return found;
        }, 40_000);
        expect(flows.some((flow) => agrees(flow, running, broker.name !== 'amqp'))).toBe(true);
        // Nobody's spans are made twice: a step has one span that handles its message.
        for (const flow of flows)
          expect(flow.steps.filter((step) => step.service === 'email')).toHaveLength(1);
        await running.stop();
      }, 90_000);
});
