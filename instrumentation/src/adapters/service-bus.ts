import { context } from '@opentelemetry/api';
import {
  attempt,
  beginHandling,
  createReads,
  endAccepted,
  endFailed,
  endRefused,
  endUnlessAcknowledged,
  type IncomingMessage,
  markTraced,
  noteFailure,
  type Processing,
  startProcessing,
  startSending,
  type Sending,
  UNACKNOWLEDGED_AFTER_MS,
} from '../adapter-kit.ts';
import { fromServiceBusProperties, toServiceBusProperties } from './cloud-carriers.ts';

/**
 * This adapter traces @azure/service-bus 7: what senders send, alone, as lists and as batches, and
 * what receivers hand to `processMessage` or return from `receiveMessages`, until it is settled.
 * Context travels in the application's properties of a message.
 */
const SYSTEM = 'servicebus';
type Properties = Record<string, unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;

interface Outgoing {
  subject?: string;
  messageId?: unknown;
  body?: unknown;
  applicationProperties?: Properties;
}
/** A batch, or a message in the form of AMQP, has no body at this place and is left as it is. */
interface Batch {
  tryAddMessage: (message: unknown, ...rest: unknown[]) => boolean;
}
interface Sender {
  entityPath: string;
}
interface Received extends Outgoing {
  deliveryCount?: number;
  deadLetterSource?: string;
  sequenceNumber?: { toString: () => string };
}
interface Receiver {
  entityPath: string;
  receiveMode: 'peekLock' | 'receiveAndDelete';
}
type Settling = 'completeMessage' | 'abandonMessage' | 'deferMessage' | 'deadLetterMessage';

const isBatch = (given: unknown): given is Batch =>
  typeof (given as Partial<Batch> | null)?.tryAddMessage === 'function';

/**
 * Messages that have their span. The client puts a list into a batch of its own, which would give
 * each of its messages a second one.
 */
const withSpan = new WeakSet<object>();

/** Starts the span of a message and returns the message as it is sent. */
function begin({ entityPath }: Sender, message: unknown): { sending: Sending; message: Outgoing } {
  const given = message as Outgoing;
  const own = given.applicationProperties ?? {};
  const sending = startSending('event', {
    type: typeof given.subject === 'string' && given.subject !== '' ? given.subject : entityPath,
    destination: entityPath,
    system: SYSTEM,
    headers: fromServiceBusProperties(own),
    ...(typeof given.messageId === 'string' && { id: given.messageId }),
  });
  const applicationProperties = toServiceBusProperties(own, sending.headers);
  const sent = { ...given, applicationProperties };
  withSpan.add(sent);
  return { sending, message: sent };
}

/** What is sent with a batch when the batch is sent. */
const batches = new WeakMap<object, Sending[]>();

function tracedSend(sender: Sender, send: Method): Method {
  return function (this: unknown, given, ...rest) {
    if (isBatch(given))
      return endAll(batches.get(given) ?? [], () => send.call(this, given, ...rest));
    const list = Array.isArray(given) ? (given as unknown[]) : [given];
    // What is malformed is left to the client, which rejects it with its own error.
    if (list.some((one) => typeof one !== 'object' || one === null || !('body' in one)))
      return send.call(this, given, ...rest);
    const begun = attempt(() => list.map((one) => begin(sender, one)));
    if (begun === undefined) return send.call(this, given, ...rest);
    const messages = begun.map(({ message }) => message);
    return endAll(
      begun.map(({ sending }) => sending),
      () => send.call(this, Array.isArray(given) ? messages : messages[0], ...rest),
    );
  };
}

/** Calls what sends messages, and ends their spans with it. */
function endAll(sendings: readonly Sending[], send: () => unknown): unknown {
  const result = Promise.resolve(attemptedSend(send));
  result.then(
    () => {
      for (const { span } of sendings) endAccepted(span);
    },
    (error: unknown) => {
      for (const { span } of sendings) endFailed(span, error);
    },
  );
  return result;
}
const attemptedSend = async (send: () => unknown): Promise<unknown> => send();

function traceBatch(sender: Sender, batch: Batch): void {
  const sendings: Sending[] = [];
  batches.set(batch, sendings);
  const add = batch.tryAddMessage.bind(batch);
  batch.tryAddMessage = (given, ...rest) => {
    if (typeof given !== 'object' || given === null || !('body' in given) || withSpan.has(given))
      return add(given, ...rest);
    const begun = attempt(() => begin(sender, given));
    if (begun === undefined) return add(given, ...rest);
    const isAdded = add(begun.message, ...rest);
    if (isAdded) sendings.push(begun.sending);
    return isAdded;
  };
}

function traceSender(sender: Sender & Record<string, Method>): void {
  if (!markTraced(sender)) return;
  for (const name of ['sendMessages', 'scheduleMessages'])
    sender[name] = tracedSend(sender, sender[name]!);
  const create = sender['createMessageBatch']!;
  sender['createMessageBatch'] = async function (this: unknown, ...args) {
    const batch = (await create.apply(this, args)) as Batch;
    attempt(() => traceBatch(sender, batch));
    return batch;
  };
}

const DEAD_LETTERS = /\/\$(?:Transfer\/\$)?DeadLetterQueue$/i;

function incoming({ entityPath }: Receiver, message: Received): IncomingMessage {
  const place = entityPath.replace(DEAD_LETTERS, '');
  const [topic = place, subscription] = place.split(/\/Subscriptions\//i);
  const { messageId, subject, deliveryCount, sequenceNumber } = message;
  return {
    system: SYSTEM,
    destination: topic,
    group: subscription ?? topic,
    headers: fromServiceBusProperties(message.applicationProperties),
    ...(typeof subject === 'string' && subject !== '' && { type: subject }),
    ...(typeof messageId === 'string' && { id: messageId }),
    // The protocol counts the deliveries before this one.
    ...(deliveryCount !== undefined && { attempt: deliveryCount + 1 }),
    ...(place !== entityPath && { deadLetteredFrom: message.deadLetterSource ?? place }),
    ...(sequenceNumber && {
      attributes: { 'messaging.servicebus.message.sequence_number': sequenceNumber.toString() },
    }),
  };
}

/** What the methods that settle a message end its span with. */
const SETTLINGS: Readonly<Record<Settling, (span: Processing['span'], why?: unknown) => void>> = {
  completeMessage: endAccepted,
  deferMessage: endAccepted,
  abandonMessage: (span) => endRefused(span, true),
  deadLetterMessage: (span, options) => {
    const { deadLetterReason: reason } = (options ?? {}) as { deadLetterReason?: unknown };
    if (typeof reason === 'string' && reason !== '') noteFailure(span, reason);
    endRefused(span, false);
  },
};

/** What ends the reads of the receivers of each client that are not closed. */
const openReads = new WeakMap<object, Set<() => void>>();

/** Makes the closing of a receiver, or of its client, end the handling of what it read last. */
function traceClose(receiver: Record<string, Method>, client: object, endReads: () => void): void {
  const open = openReads.get(client) ?? new Set();
  openReads.set(client, open.add(endReads));
  const close = receiver['close']!;
  receiver['close'] = function (this: unknown, ...args) {
    open.delete(endReads);
    attempt(endReads);
    return close.apply(this, args);
  };
}

function traceClientClose(client: Record<string, Method>): void {
  const close = client['close']!;
  client['close'] = function (this: unknown, ...args) {
    for (const endReads of openReads.get(this as object) ?? []) attempt(endReads);
    openReads.delete(this as object);
    return close.apply(this, args);
  };
}

function traceReceiver(receiver: Receiver & Record<string, Method>, client: object): void {
  if (!markTraced(receiver)) return;
  const reads = createReads();
  const handled = new WeakMap<object, Processing['span']>();
  // A number of our own is the key, because what need not be settled has no token of the client.
  const keys = new WeakMap<object, string>();
  let count = 0;
  const keyOf = (message: Received): string => {
    const key = String(++count);
    keys.set(message, key);
    return key;
  };
  const start = (message: Received): Processing => {
    const processing = startProcessing(incoming(receiver, message));
    handled.set(message, processing.span);
    return processing;
  };
  const receive = receiver['receiveMessages']!;
  receiver['receiveMessages'] = async function (this: unknown, ...args) {
    reads.begin(receiver);
    const messages = (await receive.apply(this, args)) as Received[];
    reads.took(
      receiver,
      messages.map((message) => ({
        key: keyOf(message),
        acknowledges: receiver.receiveMode === 'peekLock',
        start: () => start(message),
        holder: message,
        property: 'body',
      })),
    );
    return messages;
  };
  for (const name of Object.keys(SETTLINGS) as Settling[]) {
    const settle = receiver[name]!;
    receiver[name] = async function (this: unknown, message, options, ...rest) {
      const result = await settle.call(this, message, options, ...rest);
      const span = handled.get(message as object);
      if (span !== undefined) attempt(() => SETTLINGS[name](span, options));
      const key = keys.get(message as object);
      if (key !== undefined) reads.settle(key, () => undefined);
      return result;
    };
  }
  traceClose(receiver, client, () => reads.begin(receiver));
  traceSubscribe(receiver, start);
}

type Handler = (message: Received) => unknown;

function traceSubscribe(
  receiver: Receiver & Record<string, Method>,
  start: (message: Received) => Processing,
): void {
  const subscribe = receiver['subscribe']!;
  receiver['subscribe'] = function (this: unknown, handlers, options) {
    const handle = (handlers as { processMessage?: Handler } | undefined)?.processMessage;
    if (typeof handle !== 'function') return subscribe.call(this, handlers, options);
    const { autoCompleteMessages = true } = (options ?? {}) as { autoCompleteMessages?: boolean };
    const settlesItself = !autoCompleteMessages && receiver.receiveMode === 'peekLock';
    const processMessage = (message: Received): unknown => {
      const started = attempt(() => start(message));
      const work = (): unknown => handle.call(handlers, message);
      if (started === undefined) return work();
      return handled(started, work, settlesItself);
    };
    const traced = Object.create(handlers as object, {
      processMessage: { value: processMessage },
    }) as object;
    bindOthers(traced, handlers as Record<string, unknown>);
    return subscribe.call(this, traced, options);
  };
}

/**
 * Makes handlers other than that of messages run as methods of the application's own object, which
 * alone has its private fields.
 */
function bindOthers(traced: object, handlers: Record<string, unknown>): void {
  for (const name of ['processError', 'preInitialize', 'postInitialize']) {
    const handle = handlers[name];
    if (typeof handle === 'function')
      Object.defineProperty(traced, name, { value: handle.bind(handlers) as unknown });
  }
}

/** Runs a handler. The client settles the message after it unless the handler does. */
async function handled(
  { span, ctx }: Processing,
  work: () => unknown,
  settlesItself: boolean,
): Promise<unknown> {
  const endHandling = beginHandling(span);
  try {
    const result = await context.with(ctx, work);
    endHandling();
    if (settlesItself) endUnlessAcknowledged(span, UNACKNOWLEDGED_AFTER_MS.callback);
    else endAccepted(span);
    return result;
  } catch (error) {
    if (span.isRecording()) endFailed(span, error);
    endHandling();
    throw error;
  }
}

/** Instruments without changes to the application. A second call does nothing. */
export function instrumentServiceBus({
  ServiceBusClient,
}: {
  ServiceBusClient: { prototype: object };
}): void {
  const client = ServiceBusClient.prototype as Record<string, Method>;
  if (!markTraced(client)) return;
  const trace = (names: readonly string[], traced: (made: never, client: object) => void): void => {
    for (const name of names) {
      const make = client[name]!;
      client[name] = function (this: unknown, ...args) {
        const made = make.apply(this, args);
        if (!(made instanceof Promise)) {
          attempt(() => traced(made as never, this as object));
          return made;
        }
        return made.then((receiver: unknown) => {
          attempt(() => traced(receiver as never, this as object));
          return receiver;
        });
      };
    }
  };
  traceClientClose(client);
  trace(['createSender'], traceSender);
  trace(['createReceiver', 'acceptSession', 'acceptNextSession'], traceReceiver);
}
