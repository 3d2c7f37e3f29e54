import { Transport, type ClientOptions } from '@nestjs/microservices';

const suffix = process.env.QUEUE_SUFFIX ?? '';

export const transports = {
  rmq: {
    transport: Transport.RMQ,
    options: {
      urls: ['amqp://127.0.0.1:5672'],
      queue: `users${suffix}`,
      queueOptions: { durable: false, autoDelete: true },
    },
  },
  nats: { transport: Transport.NATS, options: { servers: ['nats://127.0.0.1:4222'] } },
  redis: { transport: Transport.REDIS, options: { host: '127.0.0.1', port: 6379 } },
  // MQTT 3.1.1, which is usual, has no place for context.
  mqtt: {
    transport: Transport.MQTT,
    options: { url: 'mqtt://127.0.0.1:1883', protocolVersion: 5 },
  },
  tcp: { transport: Transport.TCP, options: { port: 23090 } },
} satisfies Record<string, ClientOptions>;
