import { startFlow } from '@fermata/instrumentation';
import { BrokerAsPromised, type BrokerConfig } from 'rascal';

const options = { durable: false, autoDelete: true };

const config: BrokerConfig = {
  vhosts: {
    '/': {
      connection: { url: 'amqp://guest:guest@127.0.0.1:5672/', management: { url: 'http://x' } },
      exchanges: { shop: { type: 'topic', options } },
      queues: { billing: { options }, failed: { options } },
      bindings: ['shop[order.created] -> billing', 'shop[order.failed] -> failed'],
      publications: {
        order: { exchange: 'shop', routingKey: 'order.created' },
        failed: { exchange: 'shop', routingKey: 'order.failed' },
      },
      subscriptions: {
        billing: { queue: 'billing' },
        failed: { queue: 'failed' },
      },
    },
  },
  recovery: {
    again: [
      { strategy: 'republish', defer: 50, attempts: 2 },
      { strategy: 'forward', publication: 'failed' },
    ],
  },
};

async function start(): Promise<void> {
  config.vhosts!['/']!.namespace = process.env.NAMESPACE ?? '';
  const broker = await BrokerAsPromised.create(config);
  broker.on('error', (error) => console.error(error));
  const billing = await broker.subscribe('billing');
  billing.on('message', (_message, order: { id: string; card: string }, ackOrNack) => {
    // The message is acknowledged later and by a callback, not by a promise.
    setTimeout(() => {
      if (order.card !== 'stolen') ackOrNack();
      else ackOrNack(new Error('card refused'), broker.config.recovery!['again']);
    }, 30);
  });
  const failed = await broker.subscribe('failed');
  failed.on('message', (_message, _order, ackOrNack) => ackOrNack());

  process.on('message', ({ id, card }: { id: string; card: string }) => {
    void startFlow({ id, type: 'order' }, () => broker.publish('order', { id, card }));
  });
  process.send?.('ready');
}
void start();
