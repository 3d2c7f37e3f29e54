import type { Bus } from './bus.ts';

/**
 * Connects to the broker of a URL; the protocol selects the implementation. Only that broker's
 * client library is loaded.
 */
export async function connectBus(url: string, scenario: string): Promise<Bus> {
  const protocol = url.split(':')[0];
  if (protocol === 'amqp') return (await import('./rabbitmq.ts')).connectRabbitMq(url, scenario);
  if (protocol === 'nats') return (await import('./nats.ts')).connectNats(url, scenario);
  if (protocol === 'redis') return (await import('./redis.ts')).connectRedis(url, scenario);
  if (protocol === 'mqtt') return (await import('./mqtt.ts')).connectMqtt(url, scenario);
  if (protocol === 'bullmq') return (await import('./bullmq.ts')).connectBullMq(url, scenario);
  if (protocol === 'kafka') return (await import('./kafka.ts')).connectKafka(url, scenario);
  if (protocol === 'socket.io') return (await import('./socket-io.ts')).connectSockets(scenario);
  return (await import('./tcp.ts')).connectTcp(url);
}
