import { createServer } from 'node:http';
import amqp from 'amqplib';
import pg from 'pg';
import { resumeContext, saveContext, startFlow } from '@fermata/instrumentation';

const queue = process.env.ORDERS_QUEUE ?? 'orders';
const table = process.env.OUTBOX_TABLE ?? 'outbox';
const db = new pg.Pool({ host: '127.0.0.1', user: 'postgres' });

async function placeOrder(id: string): Promise<void> {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    // A real shop would store the order itself here, in the same transaction.
    await client.query(`INSERT INTO ${table} (type, payload, context) VALUES ($1, $2, $3)`, [
      'order.created',
      { id },
      saveContext(),
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function relay(channel: amqp.ConfirmChannel): Promise<void> {
  const { rows } = await db.query<{ id: number; type: string; payload: object; context: object }>(
    `SELECT * FROM ${table} ORDER BY id LIMIT 50`,
  );
  for (const { id, type, payload, context } of rows)
    await resumeContext(context, { store: 'outbox', type }, async () => {
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(payload)), { type });
      await channel.waitForConfirms();
      await db.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    });
}

const server = createServer((request, response) => {
  const id = new URL(request.url!, 'http://localhost').searchParams.get('id')!;
  startFlow({ id, type: 'order' }, () => placeOrder(id)).then(
    () => response.writeHead(201).end(),
    () => response.writeHead(500).end(),
  );
});

async function main(): Promise<void> {
  await db.query(
    `CREATE TABLE IF NOT EXISTS ${table} (id SERIAL, type TEXT, payload JSONB, context JSONB)`,
  );
  const connection = await amqp.connect('amqp://127.0.0.1:5672');
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  const poll = (): void => void setTimeout(() => void relay(channel).finally(poll), 200);
  poll();
  await new Promise<void>((resolve) => server.listen(Number(process.env.PORT ?? 3002), resolve));
}
void main().then(() => process.send?.('ready'));
