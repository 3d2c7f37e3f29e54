import { ServiceBroker, type Context } from 'moleculer';

const transporters = (process.env.TRANSPORTERS ?? 'nats://127.0.0.1:4222').split(',');
for (const transporter of transporters) {
  const broker = new ServiceBroker({
    nodeID: `payment-${process.pid}`,
    namespace: process.env.NAMESPACE ?? '',
    transporter,
    logLevel: 'warn',
  });
  broker.createService({
    name: 'payment',
    actions: {
      charge(ctx: Context<{ amount: number }>) {
        if (ctx.params.amount < 0) throw new Error('card refused');
        return 'charged';
      },
    },
  });
  broker.createService({
    name: 'mail',
    events: {
      async 'order.created'(ctx: Context<{ id: string }>) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (ctx.params.id.includes('down')) throw new Error('smtp down');
      },
    },
  });
  void broker.start().then(() => process.send?.('ready'));
}
