import { randomBytes } from 'node:crypto';
import rhea, { type EventContext, type Message, type Sender } from 'rhea';

/**
 * Stands for Azure Service Bus, whose emulator needs Docker and SQL Server: queues with
 * sub-queues of dead letters. What is given back is delivered again, three times in all.
 */
const MAX_DELIVERIES = 3;
const DEAD_LETTERS = '/$DeadLetterQueue';
const waiting = new Map<string, Message[]>();
const takers = new Map<string, Sender[]>();
/** What was delivered and is not settled, by the tag of its delivery. */
const taken = new Map<string, { queue: string; message: Message }>();

function add(queue: string, message: Message): void {
  const messages = waiting.get(queue) ?? [];
  messages.push(message);
  waiting.set(queue, messages);
  deliver(queue);
}

function deliver(queue: string): void {
  const messages = waiting.get(queue) ?? [];
  for (const taker of takers.get(queue) ?? [])
    while (messages.length > 0 && taker.sendable()) {
      const message = messages.shift()!;
      const tag = randomBytes(16);
      taken.set(tag.toString('hex'), { queue, message });
      taker.send(message, tag);
    }
}

/** Settles a delivery: the message is gone, waits again, or is a dead letter. */
function settle({ delivery }: EventContext, isFailed: boolean, reason?: string): void {
  delivery!.update(true);
  const key = Buffer.from(delivery!.tag as Buffer).toString('hex');
  const { queue, message } = taken.get(key) ?? {};
  taken.delete(key);
  if (queue === undefined || message === undefined || !isFailed) return;
  const delivery_count = (message.delivery_count ?? 0) + 1;
  if (reason === undefined && delivery_count < MAX_DELIVERIES)
    add(queue, { ...message, delivery_count });
  else
    add(queue + DEAD_LETTERS, {
      ...message,
      application_properties: {
        ...message.application_properties,
        DeadLetterReason: reason ?? 'MaxDeliveryCountExceeded',
      },
    });
}

/** Answers a request of the client: the only one is to be let in. */
function answer({ connection, message }: EventContext): void {
  connection.each_sender((sender: Sender) => {
    if (sender.source.address !== '$cbs') return;
    sender.send({
      correlation_id: message!.message_id as string,
      application_properties: { 'status-code': 200, 'status-description': 'OK' },
      body: undefined,
    });
  });
}

const container = rhea.create_container();
container.on('sender_open', ({ sender }: EventContext) => {
  const queue = sender!.source.address as string;
  if (queue.startsWith('$')) return;
  takers.set(queue, [...(takers.get(queue) ?? []), sender!]);
});
container.on('sender_close', ({ sender }: EventContext) => {
  for (const [queue, senders] of takers)
    takers.set(
      queue,
      senders.filter((one) => one !== sender),
    );
});
container.on('sendable', ({ sender }: EventContext) => deliver(sender!.source.address as string));
container.on('sender_draining', ({ sender }: EventContext) => sender!.set_drained(true));
container.on('message', (context: EventContext) => {
  const queue = context.receiver!.target.address as string;
  if (queue === '$cbs') answer(context);
  else
    for (const message of unpacked(context.message!)) add(queue, { ...message, delivery_count: 0 });
});
container.on('accepted', (context: EventContext) => settle(context, false));
container.on('modified', (context: EventContext) => settle(context, true));
container.on('rejected', (context: EventContext) => {
  const { info } = (context.delivery!.remote_state as { error?: { info?: object } }).error ?? {};
  settle(context, true, String((info as Record<string, unknown>)?.['DeadLetterReason'] ?? ''));
});

/** A batch is a message of another format, whose parts are messages that are encoded themselves. */
function unpacked(message: Message | Buffer): Message[] {
  if (!Buffer.isBuffer(message)) return [message];
  const { content } = rhea.message.decode(message).body as { content: Buffer | Buffer[] };
  return [content].flat().map((one) => rhea.message.decode(one));
}

const server = container.listen({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  receiver_options: { max_message_size: 1_000_000 },
});
server.on('listening', () => process.send?.('ready'));
