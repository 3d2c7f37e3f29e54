import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario, type RunningScenario } from '../scenarios/run.ts';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * Runs each client with Fermata only, with OpenTelemetry's own instrumentation only, and with both:
 * each order is one flow with evidence on every hop, and waits equal those that the services
 * measured.
 */
const brokers = [
  ...(await findBrokers('amqp', 'kafka', 'nats', 'redis', 'bullmq', 'mqtt')),
  // This one needs no broker.
  { name: 'socket.io', url: 'socket.io:', stop: () => undefined },
];
/** Modes of clients that OpenTelemetry instruments, with messaging spans or as a database. */
const MODES: Record<string, readonly ('ours' | 'both' | 'otel')[]> = {
  amqp: ['ours', 'both', 'otel'],
  kafka: ['ours', 'both', 'otel'],
  redis: ['ours', 'both'],
};
/** Clients whose send ends before the broker has answered. */
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
  /** Checks that the order is complete: four messages were sent and consumed. */
  const isWhole = (flow: Flow): void => {
    expect(flow.services).toEqual(SERVICES);
    const messages = flow.hops.filter((hop) => !hop.sync);
    expect(messages.map((hop) => hop.state)).toEqual(Array.from({ length: 4 }, () => 'delivered'));
    for (const hop of messages) expect(hop.evidence.length).toBeGreaterThan(0);
  };
  /**
   * Returns steps whose message, in at least one order, arrived and waited as the services measured
   * it, within 2 ms. One order is enough: a busy machine pauses processes, while an error in the
   * geometry is in all of them.
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
            // A send that waits for the broker's acknowledgement ends after the message has
            // arrived.
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
        // A busy machine delays a message between two clocks' readings. The test then places more
        // orders, and never widens the bound.
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
        // No span is made twice: a step has one span that handles its message.
        for (const flow of flows)
          expect(flow.steps.filter((step) => step.service === 'email')).toHaveLength(1);
        if (broker.name === 'redis' && mode === 'both') {
          // OpenTelemetry's spans of the database are in the flow as well.
          const spans = await get<object>(`/flows/${flows[0]!.id}/spans`);
          expect(JSON.stringify(spans)).toContain('"db.system');
        }
        // Two hundred orders at once, in whatever batches, make two hundred flows: none is joined
        // to another.
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
