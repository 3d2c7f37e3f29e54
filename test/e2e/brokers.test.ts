import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario, type RunningScenario } from '../scenarios/run.ts';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * These tests run each broker client with Fermata only (`ours`), with OpenTelemetry's own
 * instrumentation only (`otel`), and with both. Each order must be one flow with evidence on every
 * hop, and the waits must equal those that the services measured.
 */
const brokers = [
  ...(await findBrokers('amqp', 'kafka', 'nats', 'redis', 'bullmq', 'mqtt')),
  // socket.io connects the services directly, so it needs no broker.
  { name: 'socket.io', url: 'socket.io:', stop: () => undefined },
];
/**
 * Modes of the clients that OpenTelemetry instruments too. For redis it makes only database spans,
 * so `otel` is missing there. Other clients run as `ours` only.
 */
const MODES: Record<string, readonly ('ours' | 'both' | 'otel')[]> = {
  amqp: ['ours', 'both', 'otel'],
  kafka: ['ours', 'both', 'otel'],
  redis: ['ours', 'both'],
};
/** Clients whose send returns before the broker has acknowledged the message. */
const UNACKNOWLEDGED = new Set(['amqp', 'mqtt', 'socket.io']);

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
  /** Expects a complete order: four messages were sent, and all of them were delivered. */
  const isWhole = (flow: Flow): void => {
    expect(flow.services).toEqual(SERVICES);
    const messages = flow.hops.filter((hop) => !hop.sync);
    expect(messages.map((hop) => hop.state)).toEqual(Array.from({ length: 4 }, () => 'delivered'));
    for (const hop of messages) expect(hop.evidence.length).toBeGreaterThan(0);
  };
  /**
   * Returns the steps for which, in at least one order, the message's arrival and wait are within 2
   * ms of what the service measured. One order is enough: a busy machine delays single messages,
   * while a wrong computation would affect all of them.
   */
  const agreeing = (
    flows: readonly Flow[],
    running: RunningScenario,
    acknowledged: boolean,
  ): string[] => {
    const steps = new Set<string>();
    for (const flow of flows)
      for (const hop of flow.hops) {
        if (hop.sync) continue;
        const to = flow.steps.find((step) => step.id === hop.to)!;
        const receivedMs = Number(BigInt(hop.receivedUnixNano!) / 1000n) / 1000;
        const agrees = running.handled.some(
          (said) =>
            said.service === to.service &&
            said.handled === to.name &&
            Math.abs(said.atMs - receivedMs) <= 2 &&
            // If the send waits for an acknowledgement, its span ends after the message has
            // arrived, so the wait may be shorter than measured.
            (acknowledged
              ? hop.waitMs! <= said.waitMs + 2
              : Math.abs(said.waitMs - hop.waitMs!) <= 2),
        );
        if (agrees) steps.add(to.name);
      }
    return [...steps].sort();
  };

  for (const broker of brokers)
    for (const mode of MODES[broker.name] ?? ['ours'])
      test(`${broker.name}, ${mode}: each order is one flow`, async () => {
        const scenario = scenarioNamed('checkout-choreographed');
        const running = await runScenario(scenario, {
          otlp: server.otlp,
          broker: broker.url,
          both: mode === 'both',
          plain: mode === 'otel' ? SERVICES : [],
        });
        const steps = ['close order', 'grant points', 'send confirmation', 'ship order'];
        const agreed = new Set<string>();
        let flows: Flow[] = [];
        // A busy machine can delay a message between the two measurements. Then the test places
        // more orders instead of allowing a larger difference.
        for (let round = 0; round < 20 && agreed.size < steps.length; round++) {
          const orders = Array.from(
            { length: 6 },
            (_, i) => `${broker.name}-${mode}-${round}-${i}`,
          );
          const since = new Date().toISOString();
          for (const orderId of orders) await running.placeOrder({ orderId, flags: ['member'] });
          flows = await eventually(async () => {
            const found =
              mode === 'otel'
                ? await Promise.all(
                    (
                      await get<FlowList>(`/flows?from=${since}&service=warehouse&limit=50`)
                    ).items.map((flow) => get<Flow>(`/flows/${flow.id}`)),
                  )
                : await Promise.all(orders.map((orderId) => get<Flow>(`/flows/${orderId}`)));
            expect(found).toHaveLength(orders.length);
            for (const flow of found) isWhole(flow);
            return found;
          }, 40_000);
          for (const step of agreeing(flows, running, !UNACKNOWLEDGED.has(broker.name)))
            agreed.add(step);
        }
        expect([...agreed].sort()).toEqual(steps);
        // Each message must have only one process span, so the service appears as one step.
        for (const flow of flows)
          expect(flow.steps.filter((step) => step.service === 'email')).toHaveLength(1);
        if (broker.name === 'redis' && mode === 'both') {
          // The database spans of OpenTelemetry's redis instrumentation belong to the flow too.
          const spans = await get<object>(`/flows/${flows[0]!.id}/spans`);
          expect(JSON.stringify(spans)).toContain('"db.system');
        }
        // Two hundred orders at the same time must become two hundred flows, even if the client
        // sends or receives them in batches.
        if (mode === 'ours') {
          const many = Array.from({ length: 200 }, (_, i) => `${broker.name}-many-${i}`);
          await Promise.all(
            many.map((orderId) => running.placeOrder({ orderId, flags: ['member'] })),
          );
          await eventually(async () => {
            const { items, total } = await get<FlowList>(
              `/flows?q=key:${broker.name}-many-*&limit=1000`,
            );
            expect(total).toBe(200);
            expect(items.filter((flow) => flow.stepCount === 5)).toHaveLength(200);
          }, 60_000);
        }
        await running.stop();
      }, 180_000);
});
