import express from 'express';
import type { AddressInfo } from 'node:net';
import type { Bus } from './bus/bus.ts';
import { scenarioNamed } from './index.ts';
import type { Action, Order } from './scenario.ts';

/**
 * One service of a scenario, as its own process: `service.ts <scenario> <service>`. Does what the data says. It knows
 * Fermata only through the calls that a service of a user would make; with FERMATA_PLAIN=1 through none at all.
 *
 * Environment: BUS_URL, FAULT=kind:rate, PORT. Prints one JSON line when it listens, one per message it handles.
 */
const [scenarioName = '', serviceName = ''] = process.argv.slice(2);
const scenario = scenarioNamed(scenarioName);
const spec = scenario.services.find((service) => service.name === serviceName);
if (!spec) throw new Error(`${scenarioName} has no service "${serviceName}"`);
const busUrl = process.env['BUS_URL'] ?? '';
const [faultKind = '', faultRate = '0'] = (process.env['FAULT'] ?? '').split(':');
const plain = process.env['FERMATA_PLAIN'] === '1';

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Small seeded generator (mulberry32), so that a faulty run can be repeated. */
let seed = Number(process.env['SEED'] ?? 1) + [...serviceName].reduce((sum, c) => sum + c.charCodeAt(0), 0);
const random = (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const hit = (kind: string): boolean => faultKind === kind && random() < Number(faultRate);

const flows = plain ? null : await import('@fermata/instrumentation');
const bus: Bus = busUrl.startsWith('amqp')
  ? await (await import('./bus/rabbitmq.ts')).connectRabbitMq(busUrl, scenarioName)
  : await (await import('./bus/tcp.ts')).connectTcp(busUrl);

async function run(actions: Action[], order: Order): Promise<void> {
  for (const action of actions) {
    if ('work' in action) await pause(action.work * (hit('slow') ? 20 : 0.7 + random() * 0.6));
    else if ('startFlow' in action)
      await flows!.startFlow(
        {
          id: order.orderId,
          type: scenario.flowType,
          keys: { order_id: order.orderId, tier: order.member ? 'member' : 'guest' },
        },
        () => run(action.do, order),
      );
    else if ('completeFlow' in action) flows?.completeFlow();
    else if ('publish' in action) {
      if (action.member === undefined || action.member === order.member)
        bus.publish('event', action.publish, action.topic, { ...order, sentAt: now() });
    } else if ('command' in action)
      bus.publish('command', action.command, action.topic, { ...order, sentAt: now() });
    else bus.publish('reply', action.reply, action.topic, { ...order, sentAt: now() });
  }
}

if (faultKind !== 'dead')
  for (const subscription of spec.on ?? [])
    await bus.subscribe(subscription.topic, serviceName, subscription.step, async (body) => {
      const { sentAt, ...order } = body as Order & { sentAt: number };
      say({ handled: subscription.step, order: order.orderId, waitMs: now() - sentAt });
      if (hit('fail')) throw new Error(`${serviceName} could not ${subscription.step}`);
      await run(subscription.do, order);
    });

const app = express();
app.use(express.json());
if (flows) {
  const { flowMiddleware } = await import('@fermata/instrumentation/adapters/express');
  app.use(flowMiddleware());
}
for (const route of spec.http ?? [])
  app.post(route.path, async (request, response) => {
    await run(route.do, request.body as Order);
    response.status(202).json({ accepted: true });
  });
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  say({ ready: serviceName, port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
