/**
 * The operations of a message broker that services of a scenario use. The scenarios' own broker and
 * six real ones implement them.
 */
export interface Bus {
  /**
   * Publishes a message. `itinerary` is its routing slip: steps still to come, the receiver's
   * first.
   */
  publish(
    kind: 'event' | 'command' | 'reply',
    type: string,
    topic: string,
    body: object,
    itinerary?: string[],
  ): void | Promise<void>;
  /**
   * Subscribes to a topic, and resolves once messages can arrive. If the handler throws, the
   * message is redelivered a few times and then sent to the topic `DEAD`.
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

/** Topic of dead letters: messages whose handling failed repeatedly. */
export const DEAD = 'dead';
