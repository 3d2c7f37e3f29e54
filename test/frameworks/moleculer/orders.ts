import { startFlow } from '@fermata/instrumentation';
import { ServiceBroker, type Context } from 'moleculer';

const brokers = (process.env.TRANSPORTERS ?? 'nats://127.0.0.1:4222')
  .split(',')
  .map((transporter) => {
    const broker = new ServiceBroker({
      nodeID: `orders-${process.pid}`,
      namespace: process.env.NAMESPACE ?? '',
      transporter,
      logLevel: 'warn',
    });
    broker.createService({
      name: 'orders',
      actions: {
        async create(ctx: Context<{ id: string; amount: number }>) {
          await ctx.call('payment.charge', { amount: ctx.params.amount });
          await ctx.emit('order.created', { id: ctx.params.id });
        },
      },
    });
    return broker;
  });

process.on('message', ({ id, amount, over }: { id: string; amount: number; over: number }) => {
  startFlow({ id, type: 'order' }, () =>
    brokers[over]!.call('orders.create', { id, amount }),
  ).catch((error: unknown) => console.error(id, error));
});

async function start(): Promise<void> {
  for (const broker of brokers) {
    await broker.start();
    await broker.waitForServices(['payment', 'mail']);
  }
  process.send?.('ready');
}
void start();
