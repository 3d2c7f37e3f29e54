import { createHmac } from 'node:crypto';
import type { Incident } from '../../model/incident.ts';
import type { Receiver } from './channel.ts';
import { textOf } from './text.ts';

/**
 * Signs the timestamp and the raw body with an HMAC in a header, as GitHub's webhooks do. The
 * receiver computes the same HMAC to verify the signature.
 */
export const webhook: Receiver = {
  body: (incident, event, link) => ({
    version: 1,
    event,
    text: textOf(incident, event),
    link,
    incident: withoutTrend(incident),
  }),
  headers({ secret }, { body }, nowMs) {
    if (secret === '') return {};
    const timestamp = String(Math.floor(nowMs / 1000));
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    return { 'x-fermata-timestamp': timestamp, 'x-fermata-signature': `sha256=${signature}` };
  },
};

/** Omits the trend, which is only needed to draw a chart. */
const withoutTrend = ({ trend: _trend, ...rest }: Incident): object => rest;
