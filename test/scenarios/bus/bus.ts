/** What a service needs of a broker; the scenarios' own and six real ones speak it. */
export interface Bus {
  /** `itinerary`: a routing slip for the message, the receiver's stop first. */
  publish(
    kind: 'event' | 'command' | 'reply',
    type: string,
    topic: string,
    body: object,
    itinerary?: string[],
  ): void | Promise<void>;
  /**
   * Resolves once messages can arrive. A throw is a nack: delivered again a few times, then
   * dead-lettered.
   */
  subscribe(
    topic: string,
    group: string,
    handler: (delivered: Delivered) => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}

export interface Delivered {
  body: object;
  itinerary: string[];
}

/** Topic of what could not be handled, for whoever looks after it. */
export const DEAD = 'dead';
