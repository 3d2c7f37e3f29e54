/**
 * The operations that a service needs of a broker. The scenarios' own broker and six real ones
 * implement them.
 */
export interface Bus {
  /** Publishes a message. `itinerary`: its routing slip, the receiver's stop first. */
  publish(
    kind: 'event' | 'command' | 'reply',
    type: string,
    topic: string,
    body: object,
    itinerary?: string[],
  ): void | Promise<void>;
  /**
   * Resolves once messages can arrive. A throw is a nack: the message is delivered again a few
   * times, then dead-lettered.
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

/** Topic of messages that could not be handled. */
export const DEAD = 'dead';
