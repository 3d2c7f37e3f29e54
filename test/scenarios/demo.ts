import { SCENARIOS } from './index.ts';
import { runScenario } from './run.ts';

/**
 * The demo: every scenario's services and steady traffic, some of it faulty. FERMATA_DEMO_RATE orders a second (2),
 * FERMATA_DEMO_BROKER=amqp://… for RabbitMQ.
 */
const otlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
const broker = process.env['FERMATA_DEMO_BROKER'] ?? '';
const rate = Number(process.env['FERMATA_DEMO_RATE'] ?? 2);
const FAULTS: Record<string, string> = {
  'checkout-choreographed': 'rewards-failing',
  'checkout-orchestrated': 'stock-slow',
};

process.stdout.write(
  `Demo: starting ${SCENARIOS.map((s) => s.name).join(' and ')} ${broker ? `over ${new URL(broker).host}` : 'over a bus of their own'} …\n`,
);
const running = await Promise.all(
  SCENARIOS.map((scenario) =>
    runScenario(scenario, { otlp, broker, ...(FAULTS[scenario.name] && { fault: FAULTS[scenario.name]! }) }),
  ),
);
process.stdout.write(`Demo: ${rate} orders a second. Ctrl-C ends it.\n`);
process.send?.({ ready: true });

let number = Math.floor(Date.now() / 1000) % 1_000_000;
const timer = setInterval(
  () => {
    for (const scenario of running) {
      const order = { orderId: `order-${number++}`, member: number % 3 !== 0 };
      scenario.placeOrder(order).catch((error: unknown) => process.stderr.write(`Demo: ${String(error)}\n`));
    }
  },
  (1000 / rate) * running.length,
);

const stop = (): void => {
  clearInterval(timer);
  void Promise.all(running.map((scenario) => scenario.stop())).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
