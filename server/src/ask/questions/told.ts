import type { Channel, List } from '../../contract/index.ts';
import type { Client } from '../client.ts';

/** Whether people are told of incidents. */
export interface Alerting {
  /** Names of the channels that incidents may be told by. */
  channels: string[];
  /** Says that nobody is told, and why; null if there is a channel. */
  note: string | null;
}

/** Reads whether anybody can be told of incidents. */
export async function alertingOf(client: Client): Promise<Alerting> {
  const { items } = await client.get<List<Channel>>('/api/v1/alerts/channels');
  return {
    channels: items.map(({ name }) => name),
    note:
      items.length === 0
        ? 'No alert channel is configured, so nobody was told. Name one in fermata.yaml.'
        : null,
  };
}

/** Returns the note as lines of a text, with an empty line before it. */
export const noteLines = ({ note }: Alerting): string[] => (note === null ? [] : ['', note]);
