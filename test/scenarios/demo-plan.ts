/**
 * This file decides what happens in the demo and when: one problem after another, each with a cause
 * that the dashboard can name. It only computes; `demo.ts` carries out what it decides.
 */
export type Happening =
  'mailer-down' | 'mailer-back' | 'deploy' | 'rollback' | 'carrier-busy' | 'carrier-well';

/** The problems that exist at present, by which faults are chosen for new orders. */
export interface Phase {
  deployed: boolean;
  carrierBusy: boolean;
  /**
   * False until the history has been sent. Before that, no order fails permanently, because
   * failures of the history would be counted with it.
   */
  isBegun: boolean;
}

/** Time since the demo's start at which the mailer, which is down at first, is started, ms. */
export const MAILER_BACK_MS = 75_000;
/**
 * Versions of the service payment: the working one, and the faulty one that is deployed and rolled
 * back.
 */
export const PAYMENT = { good: '2.4.0', bad: '2.4.1' };

const S = 1000;
/**
 * Problems of a round, each with its time since the start of the round, ms. The first round starts
 * when the mailer is back; rounds repeat.
 */
const ROUND: readonly [atMs: number, what: Happening][] = [
  [30 * S, 'deploy'],
  [120 * S, 'rollback'],
  [165 * S, 'carrier-busy'],
  [255 * S, 'carrier-well'],
  [300 * S, 'mailer-down'],
  [390 * S, 'mailer-back'],
];
const ROUND_MS = 450 * S;

/**
 * Returns the next event after the time `ms`, and when it happens; both times are ms since the
 * demo's start.
 */
export function nextAfter(ms: number): { atMs: number; what: Happening } {
  if (ms < MAILER_BACK_MS) return { atMs: MAILER_BACK_MS, what: 'mailer-back' };
  const round = Math.floor((ms - MAILER_BACK_MS) / ROUND_MS);
  const beganMs = MAILER_BACK_MS + round * ROUND_MS;
  const next = ROUND.find(([atMs]) => beganMs + atMs > ms);
  if (next !== undefined) return { atMs: beganMs + next[0], what: next[1] };
  const [atMs, what] = ROUND[0]!;
  return { atMs: beganMs + ROUND_MS + atMs, what };
}

/** Returns the fault for the n-th order; undefined if it has none. */
export function faultOf(n: number, { deployed, carrierBusy, isBegun }: Phase): string | undefined {
  if (deployed && n % 5 < 2) return 'token-refused';
  if (carrierBusy && n % 3 !== 0) return 'carrier-busy';
  if (n % 20 === 7) return 'no-stock';
  if (isBegun && n % 60 === 13) return 'points-locked';
  return n % 15 === 4 ? 'carrier-busy' : undefined;
}

/** Returns whether the customer of the n-th order returns the goods. */
export const isReturned = (n: number): boolean => n % 12 === 5;

const SAID: Record<Happening, [text: string, page: string]> = {
  'mailer-down': ['The mailer is down; orders wait for their mail', '/incidents'],
  'mailer-back': ['The mailer is back and works off its queue', '/incidents'],
  deploy: [`payment ${PAYMENT.bad} is deployed, and some cards are refused`, '/flows?tab=failures'],
  rollback: [`payment is rolled back to ${PAYMENT.good}`, '/flows?tab=failures'],
  'carrier-busy': [
    'The carrier is overloaded; parcels are booked again and again',
    '/flows?tab=latency',
  ],
  'carrier-well': ['The carrier answers again', '/flows?tab=latency'],
};

/** Returns a sentence about an event, with the URL of the page that shows it. */
export function said(what: Happening, web: string): string {
  const [text, page] = SAID[what];
  return `${text}. See ${web}${page}`;
}
