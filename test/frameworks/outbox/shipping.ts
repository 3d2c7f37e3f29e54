import amqp from 'amqplib';

const queue = process.env.ORDERS_QUEUE ?? 'orders';

async function main(): Promise<void> {
  const connection = await amqp.connect('amqp://127.0.0.1:5672');
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  await channel.consume(queue, (message) => message && channel.ack(message));
}
void main().then(() => process.send?.('ready'));
