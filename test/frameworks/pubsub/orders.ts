import { PubSub } from '@google-cloud/pubsub';
import { startFlow } from '@fermata/instrumentation';

// The environment variable PUBSUB_EMULATOR_HOST names the service to which the client connects.
const pubsub = new PubSub({ projectId: 'shop' });
const topic = pubsub.topic('orders');
const shipping = pubsub.subscription('shipping');

shipping.on('message', async (message) => {
  const { address } = JSON.parse(message.data.toString()) as { address: string };
  await new Promise((resolve) => setImmediate(resolve));
  if (address === 'nowhere') message.nack();
  else message.ack();
});
shipping.on('error', (error) => console.error(error));

process.on('message', ({ id, address }: { id: string; address: string }) => {
  void startFlow({ id, type: 'order' }, () =>
    topic.publishMessage({
      data: Buffer.from(JSON.stringify({ address })),
      attributes: { own: 'x' },
    }),
  );
});
process.send?.('ready');
