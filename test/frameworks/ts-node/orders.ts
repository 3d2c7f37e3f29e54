import { startFlow, step } from '@fermata/instrumentation';
import amqp = require('amqplib');

const queue = process.env.TS_QUEUE ?? 'orders';

async function main(): Promise<void> {
  const connection = await amqp.connect('amqp://127.0.0.1:5672');
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  await channel.consume(queue, (message: object) => step('ship', () => channel.ack(message)));
  process.on('message', ({ id }: { id: string }) => {
    startFlow({ id, type: 'order' }, () => channel.sendToQueue(queue, Buffer.from(id)));
  });
  process.send?.('ready');
}
void main();
