/** What a service needs of a broker. Two brokers speak it: the scenarios' own over TCP, and RabbitMQ. */
export interface Bus {
  publish(kind: 'event' | 'command' | 'reply', type: string, topic: string, body: object): void;
  /** Resolves once messages can arrive. A throw is a nack: delivered once more, then dead-lettered. */
  subscribe(
    topic: string,
    group: string,
    step: string,
    handler: (body: object) => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}
