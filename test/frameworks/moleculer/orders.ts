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

interface Order {
  id: string;
  amount: number;
  over: number;
  /** True if no flow is declared around the call. */
  isPlain?: boolean;
}
process.on('message', ({ id, amount, over, isPlain }: Order) => {
  const create = () => brokers[over]!.call('orders.create', { id, amount });
  (isPlain ? create() : startFlow({ id, type: 'order' }, create)).catch((error: unknown) =>
    console.error(id, error),
  );
});

async function start(): Promise<void> {
  for (const broker of brokers) {
    await broker.start();
    await broker.waitForServices(['payment', 'mail']);
  }
  process.send?.('ready');
}
void start();
