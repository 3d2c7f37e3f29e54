import type { CoordinationReport } from '@fermata/server/contract';
import { counted } from '@fermata/server/words';
import type { MessageRow } from './messages.ts';

const has = (names: readonly string[], text: string): boolean => {
  const word = text.trim().toLowerCase();
  return names.some((name) => name.toLowerCase().includes(word));
};

/**
 * Returns the messages for which the text is in a name: that of the message type, a destination or
 * a service. Matches in the message type come first.
 */
export function messagesWith(rows: readonly MessageRow[], text: string): MessageRow[] {
  const found = rows.filter(({ type, destinations, senders, listeners }) =>
    has([type, ...destinations, ...senders, ...listeners.map(({ service }) => service)], text),
  );
  const isOwn = ({ type }: MessageRow): number => (has([type], text) ? 0 : 1);
  return text.trim() === '' ? found : found.sort((a, b) => isOwn(a) - isOwn(b));
}

export function messagesHeadline(rows: readonly MessageRow[]): string {
  if (rows.length === 0) return 'No messages were sent.';
  const all = counted(rows.length, 'type of message', 'types of messages');
  const unheard = rows.filter(({ listeners }) => listeners.length === 0);
  if (unheard.length === 0) return `${all}. Somebody listens to each.`;
  const names = unheard.slice(0, 3).map(({ type }) => type);
  const more = unheard.length > 3 ? ` and ${unheard.length - 3} more` : '';
  return `${all}. Nobody listens to ${names.join(', ')}${more}.`;
}

export const reportsWith = (
  reports: readonly CoordinationReport[],
  text: string,
): CoordinationReport[] =>
  reports.filter(({ type, conductor, ifStops, listeners }) =>
    has(
      [
        ...[type, conductor ?? ''],
        ...ifStops.map(({ service }) => service),
        ...listeners.map(({ message }) => message),
      ],
      text,
    ),
  );
