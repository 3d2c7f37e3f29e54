import { Transport, type ClientOptions } from '@nestjs/microservices';

export const transports = {
  rmq: {
    transport: Transport.RMQ,
    options: {
      urls: ['amqp://127.0.0.1:5672'],
      queue: process.env.USERS_QUEUE ?? 'users',
      queueOptions: { durable: false, autoDelete: true },
    },
  },
  nats: { transport: Transport.NATS, options: { servers: ['nats://127.0.0.1:4222'] } },
  redis: { transport: Transport.REDIS, options: { host: '127.0.0.1', port: 6379 } },
  // MQTT 3.1.1, the usual default, cannot carry context, so version 5 is set.
  mqtt: {
    transport: Transport.MQTT,
    options: { url: 'mqtt://127.0.0.1:1883', protocolVersion: 5 },
  },
  tcp: { transport: Transport.TCP, options: { port: Number(process.env.TCP_PORT ?? 3001) } },
} satisfies Record<string, ClientOptions>;
