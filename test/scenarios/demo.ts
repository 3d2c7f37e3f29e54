import { SCENARIOS } from './index.ts';
import { runScenario } from './run.ts';

/**
 * The demo: every scenario's services and steady traffic, some of it faulty. FERMATA_DEMO_RATE orders a second (2),
 * FERMATA_DEMO_BROKER=amqp://… for RabbitMQ.
 */
const otlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
const broker = process.env['FERMATA_DEMO_BROKER'] ?? '';
const rate = Number(process.env['FERMATA_DEMO_RATE'] ?? 2);
/** A mix: who tells, who is told, and who has to undo. Every tenth order is struck by the fault. */
const MIX: Record<string, string> = {
  'checkout-choreographed': 'rewards-failing',
  'checkout-orchestrated': 'stock-slow',
  'partial-write': 'd-fails',
  'address-change': 'card-refuses',
};
const scenarios = SCENARIOS.filter((scenario) => scenario.name in MIX);

process.stdout.write(
  `Demo: starting ${scenarios.map((s) => s.name).join(', ')} ${broker ? `over ${new URL(broker).host}` : 'over a bus of their own'} …\n`,
);
const running = await Promise.all(
  scenarios.map(async (scenario) => ({
    scenario,
    services: await runScenario(scenario, { otlp, broker }),
  })),
);
process.stdout.write(`Demo: ${rate} orders a second. Ctrl-C ends it.\n`);
process.send?.({ ready: true });

let number = Math.floor(Date.now() / 1000) % 1_000_000;
const timer = setInterval(
  () => {
    for (const { scenario, services } of running) {
      const fault = number % 10 === 0 ? MIX[scenario.name] : undefined;
      const order = {
        orderId: `order-${number++}`,
        flags: number % 3 === 0 ? [] : ['member', 'rollback'],
        ...(fault !== undefined && { fault }),
      };
      services
        .placeOrder(order, true)
        .catch((error: unknown) => process.stderr.write(`Demo: ${String(error)}\n`));
    }
  },
  (1000 / rate) * running.length,
);

const stop = (): void => {
  clearInterval(timer);
  void Promise.all(running.map(({ services }) => services.stop())).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
