import type { Incident } from '../../model/incident.ts';
import type { NotificationEvent } from './channel.ts';

export const isoTime = (ms: number): string => new Date(ms).toISOString();
const flows = (count: number): string => `${count} ${count === 1 ? 'flow' : 'flows'}`;

/** Returns the text of a notification, which is the same for every kind of channel. */
export function textOf(incident: Incident, event: NotificationEvent): string {
  if (event === 'test') return 'Fermata: this is a test; the channel works.';
  if (event === 'repeated') return `Still: ${textOf(incident, 'opened')}`;
  if (event === 'escalated') return `Not acknowledged: ${textOf(incident, 'opened')}`;
  if (incident.channel !== null) return textOfRefusal(incident, event);
  if (incident.foldedInto !== null)
    return `No incident of its own any more: ${incident.title} has the cause of another one that is open.`;
  if (event === 'resolved')
    return `Resolved: ${incident.title}. ${flows(incident.count)} had been affected since ${isoTime(incident.firstAt)}.`;
  return `${incident.title}. ${flows(incident.openCount)} affected since ${isoTime(incident.firstAt)}.${incident.cause ? ` ${incident.cause}` : ''}`;
}

const textOfRefusal = (
  { title, cause, openCount, firstAt }: Incident,
  event: NotificationEvent,
): string =>
  event === 'resolved'
    ? `Resolved: ${title}.`
    : `${title} since ${isoTime(firstAt)}; ${cause}. ${openCount === 1 ? '1 waits' : `${openCount} wait`} for it.`;

/**
 * Returns the URL by which a person acknowledges the incident; null if no acknowledgement is
 * possible. The page at this URL asks for confirmation, because mail scanners and chat previews
 * open every URL.
 */
export const ackLinkOf = (
  { ack, channel }: Incident,
  event: NotificationEvent,
  link: string,
): string | null =>
  link === '' || ack !== null || channel !== null || event === 'resolved' || event === 'test'
    ? null
    : `${link}?do=ack`;
