import { SCENARIOS } from './index.ts';
import { runScenario } from './run.ts';

/**
 * Runs the demo: every scenario's services and steady traffic, some of it faulty. FERMATA_DEMO_RATE
 * orders a second (2), FERMATA_DEMO_BROKER=amqp://… for RabbitMQ.
 */
const otlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
const broker = process.env['FERMATA_DEMO_BROKER'] ?? '';
const rate = Number(process.env['FERMATA_DEMO_RATE'] ?? 2);
/**
 * The scenarios of the demo, each with its faults. Every tenth order of each is struck by the next
 * of its faults.
 */
const MIX: Record<string, string[]> = {
  'checkout-choreographed': ['rewards-failing', 'email-slow'],
  'checkout-orchestrated': ['stock-slow'],
  'partial-write': ['d-fails'],
  'address-change': ['card-refuses'],
};
/**
 * Shows the purpose of Fermata: now and then a service is gone, its orders are held, and one
 * incident says where and why.
 */
const OUTAGE = {
  of: 'checkout-orchestrated',
  service: 'mailer',
  firstMs: 75_000,
  everyMs: 240_000,
  lastsMs: 100_000,
};
const scenarios = SCENARIOS.filter((scenario) => scenario.name in MIX);

process.stdout.write(
  `Demo: starting ${scenarios.map((s) => s.name).join(', ')} ${broker ? `over ${new URL(broker).host}` : 'over a bus of their own'} …\n`,
);
const running = await Promise.all(
  scenarios.map(async (scenario) => ({
    scenario,
    services: await runScenario(scenario, { otlp, broker }),
    orders: 0,
  })),
);
process.stdout.write(`Demo: ${rate} orders a second. Ctrl-C ends it.\n`);
process.send?.({ ready: true });

let number = Math.floor(Date.now() / 1000) % 1_000_000;
const timer = setInterval(
  () => {
    for (const one of running) {
      const { scenario, services } = one;
      const count = one.orders++;
      const faults = MIX[scenario.name]!;
      const fault = count % 10 === 9 ? faults[Math.floor(count / 10) % faults.length] : undefined;
      const order = {
        orderId: `order-${number++}`,
        flags: count % 3 === 0 ? [] : ['member', 'rollback'],
        ...(fault !== undefined && { fault }),
      };
      services
        .placeOrder(order, true)
        .catch((error: unknown) => process.stderr.write(`Demo: ${String(error)}\n`));
    }
  },
  (1000 / rate) * running.length,
);

const struck = running.find(({ scenario }) => scenario.name === OUTAGE.of)!.services;
const say = (text: string): void => void process.stdout.write(`Demo: ${text}\n`);
let outage: NodeJS.Timeout;
const strike = (): void => {
  say(`${OUTAGE.service} is down: see Incidents in a minute.`);
  struck.kill(OUTAGE.service);
  outage = setTimeout(() => {
    struck.revive(OUTAGE.service).then(
      () => say(`${OUTAGE.service} is back.`),
      (error: unknown) => say(String(error)),
    );
    outage = setTimeout(strike, OUTAGE.everyMs);
  }, OUTAGE.lastsMs);
};
outage = setTimeout(strike, OUTAGE.firstMs);

const stop = (): void => {
  clearInterval(timer);
  clearTimeout(outage);
  void Promise.all(running.map(({ services }) => services.stop())).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
