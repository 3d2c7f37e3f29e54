import type { Incident } from '@fermata/server/contract';

/** A step of the guided tour: the page to open, and what to look at. */
export interface TourStep {
  title: string;
  text: string;
  href: string;
}

/** Id of the demo's order that never goes on (test/scenarios/history/shop-history.ts). */
const STUCK = 'order-1042';
const HELD_UP = 'mailer';

/**
 * Returns the steps of the tour. The step about an incident links to the mailer's incident as soon
 * as there is one.
 */
export function tourOf(incidents: readonly Incident[]): TourStep[] {
  const ofMailer = incidents
    .filter(({ service, severity }) => service === HELD_UP && severity === 'critical')
    .sort((a, b) => Number(b.status === 'open') - Number(a.status === 'open'))[0];
  return [
    {
      title: 'Is anything stuck?',
      text: 'The overview answers in its first line. This shop has two troubles: its mailer is down for a while, and one order has waited since before you came.',
      href: '/',
    },
    {
      title: 'One incident, many orders',
      text: 'All orders that wait for the mailer are one incident, with its cause and its queue. It drains and ends by itself when the mailer is back.',
      href: ofMailer ? `/incidents/${encodeURIComponent(ofMailer.id)}` : '/incidents',
    },
    {
      title: 'Why this order is stuck',
      text: `The message to shipping was sent and never taken. ${STUCK} shows what happened, what is missing, and since when.`,
      href: `/flow/${STUCK}`,
    },
    {
      title: 'How orders run',
      text: 'The map is made of the same spans: who reacts to whom, how often, and where orders wait now.',
      href: '/flows?tab=map&type=order',
    },
    {
      title: 'What fails, since which version',
      text: 'Failures of one cause are one row. After two minutes payment 2.4.1 is deployed: its refused cards appear with their version.',
      href: '/flows?tab=failures&type=order',
    },
  ];
}

/** Value that the browser stores after the tour was closed. */
export const CLOSED = 'closed';

/**
 * Returns the number of the step that was shown last, from the stored value; null if the tour was
 * closed.
 */
export function stepStored(stored: string | null, steps: number): number | null {
  if (stored === CLOSED) return null;
  const step = Number(stored ?? 0);
  return Number.isInteger(step) && step >= 0 && step < steps ? step : 0;
}
