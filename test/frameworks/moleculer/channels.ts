import { Middleware } from '@moleculer/channels';
import { startFlow } from '@fermata/instrumentation';
import { ServiceBroker } from 'moleculer';

const broker = new ServiceBroker({
  logLevel: 'warn',
  middlewares: [
    Middleware({
      adapter: {
        type: process.env.CHANNELS_OVER ?? 'AMQP',
        options: {
          prefix: process.env.CHANNEL_PREFIX ?? '',
          amqp: {
            url: 'amqp://127.0.0.1:5672',
            exchangeOptions: { durable: false, autoDelete: true },
            queueOptions: { durable: false, autoDelete: true },
          },
          redis: { host: '127.0.0.1', port: 6379 },
        },
      },
    }),
  ],
});
broker.createService({
  name: 'billing',
  channels: {
    'order.created': {
      group: 'billing',
      maxRetries: 2,
      deadLettering: {
        enabled: true,
        queueName: 'FAILED',
        exchangeName: 'FAILED',
      },
      async handler(order: { card: string }) {
        if (order.card === 'stolen') throw new Error('card refused');
      },
    },
    FAILED: { group: 'failed', async handler() {} },
  },
});

process.on('message', ({ id, card }: { id: string; card: string }) => {
  void startFlow({ id, type: 'order' }, () => broker.sendToChannel('order.created', { id, card }));
});
void broker.start().then(() => process.send?.('ready'));
