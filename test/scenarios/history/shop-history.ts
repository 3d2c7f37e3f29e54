import type { Order, Scenario } from '../scenario.ts';
import { RETURNS, shop } from '../systems/shop.ts';
import { play, type Played, type World } from './player.ts';

/**
 * Simulates the last day of the demo's shop: some traffic by day, little at night, more in the last
 * hour, and typical faults. Two problems still exist at its end: one order has been waiting for its
 * parcel for a long time, and the mailer is down.
 */
export interface HistoryOptions {
  /** The present time, epoch ms. */
  nowMs: number;
  /** Time until which orders are placed, epoch ms. Later orders are placed by the real services. */
  untilMs: number;
  seed: number;
  /** Length of the history, ms. */
  lengthMs: number;
  /** Orders per second in the last three minutes. */
  rate: number;
  /** Mean time between two orders in the rest of the last hour, ms. */
  hourGapMs: number;
  /** Time at which the mailer is back and takes the waiting messages, epoch ms. */
  mailerBackMs: number;
  /** Name of the broker for the attribute `messaging.system`. */
  system: string;
}

export interface Placed {
  order: Order;
  atMs: number;
  entry: Scenario['entry'];
}
export interface History {
  played: Played[];
  /** Order number for the first order after the history. */
  nextNumber: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The order that stays stuck, and its age. */
export const STUCK = { number: 1042, orderId: 'order-1042', agoMs: 47 * MINUTE };
/** Time before the present at which the mailer went down, ms. */
const MAILER_FAILED_MS = 100_000;
/** Time that a restarted service takes for each waiting message, ms. */
const DRAIN_MS = 150;
/**
 * Minimum age of failures in the history, ms. An incident about a failure ends after fifteen
 * minutes, so that when the demo starts, only present problems are open.
 */
const FAILURES_BEFORE_MS = 20 * MINUTE;
/**
 * A deployment in the history, which charts will mark: the service, its version before, and the age
 * of the deployment.
 */
const DEPLOYED = { service: 'loyalty', before: '1.8.2', agoMs: 9 * HOUR };

export const VERSIONS: Record<string, string> = {
  ...{ checkout: '5.2.0', payment: '2.4.0', warehouse: '3.9.1', shipping: '1.12.0' },
  ...{ carrier: '7.0.3', mailer: '4.1.0', loyalty: '1.9.0', returns: '1.3.2', helpdesk: '1.0.4' },
};
const CUSTOMERS = ['Okafor', 'Lindgren', 'Moreau', 'Tanaka', 'Silva', 'Novak', 'Haddad', 'Weber'];
const COUNTRIES = ['DE', 'FR', 'SE', 'NL', 'PL'];

/** Returns a seeded generator of random numbers from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Returns a random order with the given number. */
export function someOrder(number: number, random: () => number, fault?: string): Order {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const amount = (12 + 180 * random() ** 2).toFixed(2);
  return {
    orderId: `order-${number}`,
    keys: { customer: pick(CUSTOMERS), amount, country: pick(COUNTRIES) },
    flags: random() < 0.6 ? ['member'] : [],
    ...(fault !== undefined && { fault }),
  };
}

/** Returns an order's return: goods that the customer sends back. */
export const someReturn = (number: number, of: Order): Placed['order'] => ({
  ...of,
  orderId: `return-${number}`,
  keys: { ...of.keys, order: of.orderId },
  flags: [],
});

/** Returns the mean time between two orders, ms, at a time `agoMs` before the present. */
function gapMs(
  agoMs: number,
  atMs: number,
  { rate, hourGapMs }: Pick<HistoryOptions, 'rate' | 'hourGapMs'>,
): number {
  if (agoMs < 3 * MINUTE) return 1000 / rate;
  if (agoMs < HOUR) return hourGapMs;
  const hour = new Date(atMs).getHours();
  return hour >= 7 && hour < 23 ? 80_000 : 300_000;
}
const TROUBLES: readonly [fault: string, share: number, isFailure: boolean][] = [
  ['no-stock', 0.03, false],
  ['carrier-busy', 0.05, false],
  ['card-declined', 0.02, true],
  ['points-locked', 0.006, true],
];

/** Returns all orders and returns of the history with their times, the oldest first. */
export function placedOrders(options: HistoryOptions, random: () => number): Placed[] {
  const { nowMs, untilMs, lengthMs } = options;
  const times: number[] = [];
  for (let atMs = nowMs - lengthMs; atMs < untilMs;) {
    times.push(atMs);
    atMs += gapMs(nowMs - atMs, atMs, options) * (0.5 + random());
  }
  const stuckAt = times.findIndex((atMs) => atMs >= nowMs - STUCK.agoMs);
  const first = STUCK.number - Math.max(0, stuckAt);
  const orders = times.map((atMs, i): Placed => {
    const number = first + i;
    let left = number === STUCK.number ? 1 : random();
    const [fault] = TROUBLES.find(
      ([, share, isFailure]) =>
        (left -= share) < 0 && (!isFailure || nowMs - atMs > FAILURES_BEFORE_MS),
    ) ?? [undefined];
    return { order: someOrder(number, random, fault), atMs, entry: shop.entry };
  });
  const returns = orders
    .filter(
      ({ order }, i) =>
        i % 14 === 0 && order.fault === undefined && order.orderId !== STUCK.orderId,
    )
    .map(({ order, atMs }, i): Placed => {
      const laterMs = Math.min(atMs + HOUR, untilMs - 1);
      return { order: someReturn(300 + i, order), atMs: laterMs, entry: RETURNS };
    });
  return [...orders, ...returns].sort((a, b) => a.atMs - b.atMs);
}

export function shopHistory(options: HistoryOptions): History {
  const { nowMs, mailerBackMs } = options;
  const random = randomOf(options.seed);
  const placed = placedOrders(options, random);
  let drained = 0;
  const world: World = {
    random,
    system: options.system,
    takenAt(service, order, atMs) {
      if (service === 'shipping' && order.orderId === STUCK.orderId) return null;
      if (service !== 'mailer' || atMs < nowMs - MAILER_FAILED_MS || atMs >= mailerBackMs)
        return atMs;
      return mailerBackMs + DRAIN_MS * ++drained;
    },
  };
  const played = placed.map(({ order, atMs, entry }) => play(shop, order, atMs, world, entry));
  const numbers = placed.flatMap(({ order }) => /^order-(\d+)$/.exec(order.orderId)?.[1] ?? []);
  return { played, nextNumber: Math.max(STUCK.number, ...numbers.map(Number)) + 1 };
}

/** Returns the version of a service that was running at a time. */
export function versionAt(service: string, atMs: number, nowMs: number): string {
  const isBefore = service === DEPLOYED.service && atMs < nowMs - DEPLOYED.agoMs;
  return isBefore ? DEPLOYED.before : (VERSIONS[service] ?? '1.0.0');
}
