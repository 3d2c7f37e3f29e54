import type { Notification } from '../../model/incident.ts';
import type { ChannelState } from '../port.ts';
import type { Channel } from './channel.ts';
import type { Refusals } from './refusals.ts';

/** Returns the state of each channel for operators: its last delivery, refusal and error. */
export const channelStates = (
  channels: readonly Channel[],
  notifications: Iterable<Notification>,
  refusals: Pick<Refusals, 'since'>,
): ChannelState[] => {
  const all = [...notifications];
  return channels.map((channel) => {
    const mine = all.filter((one) => one.channel === channel.name);
    const sent = mine.filter(({ state }) => state === 'sent').map(({ version }) => version / 1000);
    const failed = mine.filter(({ lastError }) => lastError !== '');
    return {
      ...{ name: channel.name, kind: channel.kind, address: addressOf(channel) },
      deliveredAt: sent.length === 0 ? null : Math.floor(Math.max(...sent)),
      refusingSince: refusals.since(channel.name),
      lastError: failed.sort((a, b) => b.version - a.version)[0]?.lastError ?? '',
    };
  });
};

/**
 * Returns the destination of a channel for display. Of a URL only the host is shown, because the
 * path of a chat webhook is a secret.
 */
function addressOf({ kind, url, to }: Channel): string {
  if (kind === 'email') return to.join(', ');
  return URL.canParse(url) ? new URL(url).host : '';
}
