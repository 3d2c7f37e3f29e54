import { setTimeout as pause } from 'node:timers/promises';
import { ATTR_FLOW_ID } from '@fermata/instrumentation/semconv';
import {
  faultOf,
  isReturned,
  MAILER_BACK_MS,
  nextAfter,
  PAYMENT,
  said,
  type Happening,
  type Phase,
} from './demo-plan.ts';
import type { Played } from './history/player.ts';
import { createSender } from './history/send.ts';
import {
  shopHistory,
  someOrder,
  someReturn,
  STUCK,
  VERSIONS,
  versionAt,
} from './history/shop-history.ts';
import { runScenario } from './run.ts';
import { RETURNS, shop } from './systems/shop.ts';

/**
 * This is the demo, a shop. First it sends the shop's last day as history. Then it starts the
 * shop's services, places orders and causes one problem after another (`demo-plan.ts`).
 * FERMATA_DEMO_RATE sets the orders per second (0.5), FERMATA_DEMO_BROKER=amqp://… selects
 * RabbitMQ.
 */
const otlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
const web = process.env['FERMATA_URL'] ?? 'http://127.0.0.1:4320';
/**
 * Prefix of the URLs that are printed. It is empty if the server runs in another container, because
 * a browser could not reach that address.
 */
const shown = new URL(web).hostname === '127.0.0.1' ? web : '';
const broker = process.env['FERMATA_DEMO_BROKER'] ?? '';
const rate = Number(process.env['FERMATA_DEMO_RATE'] ?? 0.5);
const DAY_MS = 24 * 3_600_000;
/**
 * Maximum time that the services need to start, ms. For this time the history contains orders too.
 */
const SERVICES_START_MS = 120_000;
/** Mean time between two orders in the last hour of the history, ms. */
const HOUR_GAP_MS = 6000;
/**
 * Maximum age of the orders that are sent before the services start, ms. Older orders are sent
 * later, in the background.
 */
const RECENT_MS = 180_000;

const startMs = Date.now();
const random = Math.random;
const say = (text: string): void => void process.stdout.write(`Demo: ${text}\n`);
const complain = (error: unknown): void => void process.stderr.write(`Demo: ${String(error)}\n`);

/** Number of the current instance of each service. A deployment increases it. */
const instances = new Map<string, number>();
const versions: Record<string, string> = { ...VERSIONS };
const instanceOf = (service: string): string => `${service}-${instances.get(service) ?? 1}`;
const sender = createSender(otlp, (service, atMs) => ({
  'service.name': service,
  'service.version': versionAt(service, atMs, startMs),
  'service.instance.id': `${service}-1`,
  'deployment.environment.name': 'demo',
}));

/** Returns the number of the newest stored order; null if there is none. */
async function newestOrder(): Promise<number | null> {
  const response = await fetch(`${web}/api/v1/flows?type=order&limit=1`);
  const { items } = (await response.json()) as { items: { key: string | null; id: string }[] };
  const [newest] = items;
  if (newest === undefined) return null;
  return Number(/order-(\d+)/.exec(`${newest.key} ${newest.id}`)?.[1] ?? STUCK.number);
}

/**
 * Sends the history, unless an earlier run of the demo has sent it. Returns the number of the next
 * order.
 */
async function begin(): Promise<number> {
  await sender.define(shop, shop.entry.service);
  const newest = await newestOrder().catch(() => null);
  if (newest !== null) return newest + 1;
  const { played, nextNumber } = shopHistory({
    ...{ nowMs: startMs, untilMs: startMs + SERVICES_START_MS, lengthMs: DAY_MS },
    ...{
      seed: startMs,
      rate: Math.max(0.4, rate),
      hourGapMs: HOUR_GAP_MS,
      mailerBackMs: startMs + MAILER_BACK_MS,
    },
    system: broker
      ? new URL(broker).protocol.replace(/^amqps?:$/, 'rabbitmq:').slice(0, -1)
      : 'bus',
  });
  // The newest orders are sent first, because present problems matter more than yesterday's charts.
  const newestFirst = [...played].reverse();
  const isStuck = ({ spans }: Played): boolean =>
    spans.some(({ attributes }) => attributes[ATTR_FLOW_ID] === STUCK.orderId);
  const isWrong = (one: Played): boolean =>
    isStuck(one) || one.spans.some(({ endMs }) => endMs > startMs - RECENT_MS);
  const wrong = [
    ...newestFirst.filter(isStuck),
    ...newestFirst.filter((one) => !isStuck(one) && isWrong(one)),
  ];
  await sender.send(wrong, startMs);
  sender.follow(wrong, startMs).catch(complain);
  say(
    `${STUCK.orderId} has waited for its parcel since before you came. See ${shown}/flows?q=${STUCK.orderId}`,
  );
  history = sender.send(
    newestFirst.filter((one) => !isWrong(one)),
    startMs,
  );
  return nextNumber;
}

let history: Promise<void> = Promise.resolve();
let isStopping = false;
/** Stops the services. It is replaced as soon as they are running. */
let stopServices = (): Promise<void> => Promise.resolve();
const stop = (): void => {
  isStopping = true;
  sender.stop();
  void stopServices().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);

say(`a shop over ${broker ? new URL(broker).host : 'a bus of its own'}, with its last day …`);
let number = await begin();
history.then(() => say('the last day is there.'), complain);
const running = await runScenario(shop, {
  ...{ otlp, broker, backoffMs: 800 },
  resourceOf: (service) => ({ version: versions[service]!, instance: instanceOf(service) }),
});
stopServices = () => running.stop();
sender.endAt(Date.now());
if (Date.now() < startMs + MAILER_BACK_MS) {
  running.kill('mailer');
  say(said('mailer-down', shown));
}
say(`${rate} orders a second. Ctrl-C ends it.`);
process.send?.({ ready: true });

const phase: Phase = { deployed: false, carrierBusy: false, isBegun: false };
// `isBegun` is set after the history was sent, because an incident that opens earlier would also
// count failures of the history.
const begun = history.catch(() => undefined).then(() => (phase.isBegun = true));
const deploy = async (version: string): Promise<void> => {
  versions['payment'] = version;
  instances.set('payment', (instances.get('payment') ?? 1) + 1);
  await running.redeploy('payment');
};
const carryOut: Record<Happening, () => void | Promise<void>> = {
  'mailer-down': () => running.kill('mailer'),
  'mailer-back': () => running.revive('mailer'),
  deploy: async () => {
    await deploy(PAYMENT.bad);
    phase.deployed = true;
  },
  rollback: async () => {
    phase.deployed = false;
    await deploy(PAYMENT.good);
  },
  'carrier-busy': () => void (phase.carrierBusy = true),
  'carrier-well': () => void (phase.carrierBusy = false),
};

async function takeOrders(): Promise<void> {
  let returns = Math.floor(startMs / 1000) % 1_000_000;
  for (let n = 0; !isStopping; n++) {
    const order = someOrder(number++, random, faultOf(n, phase));
    running.placeOrder(order, true).catch(complain);
    if (isReturned(n))
      running.placeOrder(someReturn(returns++, order), true, RETURNS).catch(complain);
    await pause(1000 / rate);
  }
}
async function followPlan(): Promise<void> {
  let fromMs = startMs;
  for (let ms = Date.now() - startMs; !isStopping;) {
    const { atMs, what } = nextAfter(ms);
    await pause(Math.max(0, fromMs + atMs - Date.now()));
    if (what === 'deploy') await begun;
    if (isStopping) return;
    // If an event was late, all later events are delayed too, so that each problem lasts as long as
    // planned.
    fromMs = Math.max(fromMs, Date.now() - atMs);
    await carryOut[what]();
    say(said(what, shown));
    ms = atMs;
  }
}
takeOrders().catch(complain);
followPlan().catch(complain);
