import { ServiceBusClient } from '@azure/service-bus';
import { startFlow } from '@fermata/instrumentation';

const client = new ServiceBusClient(
  process.env.SERVICE_BUS ??
    'Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=s;UseDevelopmentEmulator=true',
);
const shipping = client.createSender('shipping');
const invoices = client.createSender('invoices');
const notices = client.createSender('notices');
const audits = client.createSender('audits');

client.createReceiver('shipping').subscribe({
  async processMessage({ body }) {
    const { address } = body as { address: string };
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (address === 'nowhere') throw new Error(`no way to ${address}`);
  },
  async processError() {},
});

client.createReceiver('shipping', { subQueueType: 'deadLetter' }).subscribe({
  async processMessage() {},
  async processError() {},
});

class Audit {
  readonly #failures: string[] = [];
  async processMessage({ body }: { body: unknown }) {
    throw new Error(`no audit of ${String(body)}`);
  }
  async processError({ error }: { error: Error }) {
    this.#failures.push(error.message);
    console.log(`${this.#failures.length} failed: ${error.message}`);
  }
}
client.createReceiver('audits').subscribe(new Audit());

async function invoice(): Promise<void> {
  const receiver = client.createReceiver('invoices');
  for (;;)
    for (const message of await receiver.receiveMessages(5, { maxWaitTimeInMs: 1000 })) {
      const { total } = message.body as { total: number };
      if (total > 0) await receiver.completeMessage(message);
      else await receiver.deadLetterMessage(message, { deadLetterReason: 'nothing to pay' });
    }
}
void invoice();

async function notify(): Promise<void> {
  const receiver = client.createReceiver('notices', { receiveMode: 'receiveAndDelete' });
  for (;;)
    for (const { body } of await receiver.receiveMessages(5, { maxWaitTimeInMs: 1000 })) {
      const { mail } = body as { mail: string };
      console.log('notice', mail);
    }
}
void notify();

interface Order {
  id: string;
  address?: string;
  addresses?: string[];
  totals?: number[];
  mails?: string[];
  audit?: string;
}
process.on('message', ({ id, address, addresses, totals = [], mails, audit }: Order) => {
  void startFlow({ id, type: 'order' }, async () => {
    if (address !== undefined)
      return shipping.sendMessages({ messageId: id, subject: 'order.placed', body: { address } });
    if (addresses !== undefined)
      return shipping.sendMessages(
        addresses.map((one) => ({ subject: 'parcel.placed', body: { address: one } })),
      );
    if (audit !== undefined)
      return audits.sendMessages({ messageId: id, subject: 'order.audited', body: audit });
    if (mails !== undefined)
      return notices.sendMessages(
        mails.map((mail) => ({ subject: 'order.noticed', body: { mail } })),
      );
    const batch = await invoices.createMessageBatch({ maxSizeInBytes: 100_000 });
    for (const [i, total] of totals.entries())
      batch.tryAddMessage({
        messageId: `${id}/${i}`,
        subject: 'order.billed',
        body: { total },
      });
    return invoices.sendMessages(batch);
  });
});
process.send?.('ready');
