import { connect } from 'node:net';
import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCENARIOS, scenarioNamed } from '../scenarios/index.ts';
import { runScenario } from '../scenarios/run.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

const RABBITMQ = 'amqp://guest:guest@127.0.0.1:5672';
const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => undefined).setTimeout(2000, () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
const hasRabbitMq = await reachable(5672);
if (!hasRabbitMq) {
  if (process.env['FERMATA_REQUIRE_BROKERS'] === '1')
    throw new Error('no RabbitMQ on 127.0.0.1:5672, and FERMATA_REQUIRE_BROKERS=1');
  process.stdout.write('\n  SKIPPED: everything over RabbitMQ; nothing answers on 127.0.0.1:5672\n\n');
}

describe('scenarios as separate processes', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  beforeAll(async () => {
    server = await startServer(directory.path);
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    directory.remove();
  });
  const flowOf = (orderId: string, complete: (flow: Flow) => void): Promise<Flow> =>
    eventually(async () => {
      const response = await fetch(`${server.web}/api/v1/flows/${orderId}`);
      expect(response.status, `one flow is known as ${orderId}`).toBe(200);
      const flow = (await response.json()) as Flow;
      complete(flow);
      return flow;
    }, 20_000);

  describe.each(['', ...(hasRabbitMq ? [RABBITMQ] : [])])('broker %s', (broker) => {
    test.each(SCENARIOS.map((scenario) => scenario.name))(
      '%s: each order is one flow',
      async (name) => {
        const scenario = scenarioNamed(name);
        const running = await runScenario(scenario, { otlp: server.otlp, broker });
        const label = broker === '' ? 'bus' : 'amqp';
        const orders = Array.from({ length: 6 }, (_, i) => ({
          orderId: `${label}-${name}-${i}`,
          member: i % 2 === 0,
        }));
        for (const order of orders) await running.placeOrder(order);
        const disagreeing: string[][] = [];
        for (const order of orders) {
          const { expected } = scenario;
          const flow = await flowOf(order.orderId, (found) => {
            expect(found.hops).toHaveLength(order.member ? expected.memberHops : expected.hops);
            expect(found.hops.every((hop) => hop.state === 'delivered')).toBe(true);
          });
          expect(flow).toMatchObject({
            type: scenario.flowType,
            status: 'completed',
            keys: { order_id: order.orderId },
          });
          const steps = flow.steps.map((step) => `${step.service}: ${broker === '' ? step.name : ''}`);
          const wanted = [
            ...expected.steps,
            ...(order.member ? expected.memberSteps.map((step) => ({ service: 'rewards', name: step })) : []),
          ].map((step) => `${step.service}: ${broker === '' ? step.name : ''}`);
          expect(steps.sort()).toEqual(wanted.sort());
          expect(new Set(flow.steps.map((step) => step.traceId)).size).toBeGreaterThan(1);
          const apart = flow.hops.filter((hop) => {
            const step = flow.steps.find((candidate) => candidate.id === hop.to)!;
            return !running.handled.some(
              (entry) =>
                entry.order === order.orderId &&
                entry.service === step.service &&
                Math.abs(entry.waitMs - hop.waitMs!) <= 2,
            );
          });
          disagreeing.push(apart.map((hop) => `${hop.message.type} ${hop.waitMs}`));
        }
        // Every wait of an order within 2 ms of what the services measured themselves. One order is enough: a busy
        // machine pauses a process between its span and its own clock, an error in the geometry is in all of them.
        expect(
          disagreeing.filter((hops) => hops.length === 0).length,
          disagreeing.join(' | '),
        ).toBeGreaterThan(0);
        await running.stop();
      },
      60_000,
    );
  });

  test.runIf(hasRabbitMq)(
    'a service with OpenTelemetry’s own instrumentation and nothing of ours still joins',
    async () => {
      const running = await runScenario(scenarioNamed('checkout-choreographed'), {
        otlp: server.otlp,
        broker: RABBITMQ,
        plain: ['warehouse'],
      });
      await running.placeOrder({ orderId: 'plain-1', member: true });
      const flow = await flowOf('plain-1', (found) => {
        expect(found.services).toEqual(['checkout', 'email', 'rewards', 'warehouse']);
        expect(found.steps.filter((step) => step.service === 'checkout')).toHaveLength(2);
        expect(found.hops.filter((hop) => hop.state === 'delivered')).toHaveLength(4);
      });
      expect(
        flow.hops.find((hop) => hop.to === flow.steps.find((step) => step.service === 'warehouse')!.id)!
          .evidence.length,
      ).toBeGreaterThan(0);
      await running.stop();
    },
    60_000,
  );

  test('a failing consumer: attempts fold into one step, and the list finds it', async () => {
    const running = await runScenario(scenarioNamed('checkout-choreographed'), {
      otlp: server.otlp,
      fault: 'rewards-failing',
      seed: 5,
    });
    for (let i = 0; i < 12; i++) await running.placeOrder({ orderId: `faulty-${i}`, member: true });
    await eventually(async () => {
      const list = (await (await fetch(`${server.web}/api/v1/flows?q=faulty&limit=50`)).json()) as FlowList;
      expect(list.items.filter((flow) => flow.stepCount === 5)).toHaveLength(12);
    });
    const flows = await Promise.all(
      Array.from({ length: 12 }, (_, i) => flowOf(`faulty-${i}`, () => undefined)),
    );
    const rewards = flows.flatMap((flow) => flow.steps.filter((step) => step.service === 'rewards'));
    expect(rewards).toHaveLength(12);
    expect(rewards.some((step) => step.attempts.length === 2 && step.attempts[0]!.status === 'failed')).toBe(
      true,
    );
    await running.stop();
  }, 60_000);
});
