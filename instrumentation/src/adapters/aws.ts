import {
  createReads,
  endRefused,
  markTraced,
  publishEvent,
  sendCommand,
  startProcessing,
  startSending,
  type ReadMessage,
  type Sending,
  endAccepted,
  endFailed,
} from '../adapter-kit.ts';
import {
  fromSnsBody,
  fromSqsAttributes,
  toSqsAttributes,
  type SqsAttribute,
} from './cloud-carriers.ts';

/**
 * This adapter wraps the `send` method of the SQS and SNS clients (@aws-sdk/client-sqs and
 * client-sns 3), through which every command passes. The handling of a received message begins when
 * the consumer reads the message's body. It ends when the consumer deletes the message or receives
 * again. Setting a message's visibility timeout to zero counts as a rejection.
 */
type Attributes = Record<string, SqsAttribute>;
interface Entry {
  Id?: string;
  ReceiptHandle?: string;
  MessageAttributes?: Attributes;
}
interface Input extends Entry {
  QueueUrl?: string;
  TopicArn?: string;
  TargetArn?: string;
  MessageAttributeNames?: string[];
  AttributeNames?: string[];
  MessageSystemAttributeNames?: string[];
  VisibilityTimeout?: number;
  Entries?: Entry[];
  PublishBatchRequestEntries?: Entry[];
}
interface Received {
  MessageId?: string;
  ReceiptHandle?: string;
  Body?: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Attributes;
}
interface Command {
  input: Input;
}
type Send = (this: object, command: Command, ...rest: unknown[]) => Promise<unknown>;

const reads = createReads();

/** Returns the last part of a queue's URL or a topic's ARN, which is the name that people use. */
const nameIn = (address: string | undefined): string => address?.split(/[/:]/).at(-1) ?? '';

/**
 * Returns a copy of the command with another input. The caller's command must not change, because
 * the caller may send it again.
 */
function withInput(command: Command, input: Input): Command {
  const copy = Object.create(
    Object.getPrototypeOf(command) as object,
    Object.getOwnPropertyDescriptors(command),
  ) as Command;
  copy.input = input;
  return copy;
}

/**
 * Traces one command of a client. `send` sends the command that it is given instead of the
 * original.
 */
type Traced = (
  client: object,
  command: Command,
  send: (instead: Command) => Promise<unknown>,
) => Promise<unknown>;

const sends =
  (system: string): Traced =>
  (_client, command, send) => {
    const { input } = command;
    const destination = nameIn(input.QueueUrl ?? input.TopicArn ?? input.TargetArn);
    const own = input.MessageAttributes ?? {};
    const ask = system === 'aws_sqs' ? sendCommand : publishEvent;
    return ask({ ...messageOf(system, destination), headers: headersOnly(own) }, (headers) =>
      send(withInput(command, { ...input, MessageAttributes: toSqsAttributes(own, headers) })),
    );
  };

const sendsBatch =
  (system: string, entriesName: 'Entries' | 'PublishBatchRequestEntries'): Traced =>
  async (_client, command, send) => {
    const { input } = command;
    const destination = nameIn(input.QueueUrl ?? input.TopicArn);
    const sendings: Sending[] = [];
    const entries = (input[entriesName] ?? []).map((entry) => {
      const own = entry.MessageAttributes ?? {};
      const sending = startSending(system === 'aws_sqs' ? 'command' : 'event', {
        ...messageOf(system, destination),
        headers: headersOnly(own),
      });
      sendings.push(sending);
      return { ...entry, MessageAttributes: toSqsAttributes(own, sending.headers) };
    });
    try {
      const result = await send(withInput(command, { ...input, [entriesName]: entries }));
      for (const { span } of sendings) endAccepted(span);
      return result;
    } catch (error) {
      for (const { span } of sendings) endFailed(span, error);
      throw error;
    }
  };

const messageOf = (system: string, destination: string) => ({
  type: destination,
  destination,
  system,
});
const headersOnly = (attributes: Attributes): Record<string, unknown> =>
  fromSqsAttributes(attributes);

const receives: Traced = async (client, command, send) => {
  const { input } = command;
  reads.begin(client);
  const names = input.MessageAttributeNames ?? [];
  const system = input.MessageSystemAttributeNames ?? [];
  const result = (await send(
    withInput(command, {
      ...input,
      MessageAttributeNames: names.includes('All') ? names : ['All', ...names],
      MessageSystemAttributeNames: system.includes('All')
        ? system
        : [...new Set(['ApproximateReceiveCount', ...system])],
    }),
  )) as { Messages?: Received[] };
  const destination = nameIn(input.QueueUrl);
  reads.took(
    client,
    (result.Messages ?? []).map((message) => asRead(destination, message)),
  );
  return result;
};

function asRead(destination: string, message: Received): ReadMessage {
  const { Body: body = '', MessageId: id, Attributes: counts, MessageAttributes } = message;
  const deliveries = Number(counts?.['ApproximateReceiveCount'] ?? 1);
  return {
    key: message.ReceiptHandle ?? '',
    acknowledges: true,
    holder: message,
    property: 'Body',
    start: () =>
      startProcessing({
        ...messageOf('aws_sqs', destination),
        group: destination,
        headers: { ...fromSnsBody(body), ...fromSqsAttributes(MessageAttributes) },
        ...(id !== undefined && { id }),
        ...(deliveries > 1 && { attempt: deliveries }),
      }),
  };
}

const deletes: Traced = async (_client, command, send) => {
  const { input } = command;
  const result = await send(command);
  for (const { ReceiptHandle: key } of [input, ...(input.Entries ?? [])])
    if (key !== undefined) reads.settle(key);
  return result;
};

const changesVisibility: Traced = async (_client, command, send) => {
  const { ReceiptHandle: key, VisibilityTimeout: seconds } = command.input;
  const result = await send(command);
  if (key !== undefined && seconds === 0) reads.settle(key, ({ span }) => endRefused(span, true));
  return result;
};

const COMMANDS: Readonly<Record<string, Traced>> = {
  SendMessageCommand: sends('aws_sqs'),
  SendMessageBatchCommand: sendsBatch('aws_sqs', 'Entries'),
  ReceiveMessageCommand: receives,
  DeleteMessageCommand: deletes,
  DeleteMessageBatchCommand: deletes,
  ChangeMessageVisibilityCommand: changesVisibility,
  PublishCommand: sends('aws.sns'),
  PublishBatchCommand: sendsBatch('aws.sns', 'PublishBatchRequestEntries'),
};

/**
 * Patches an AWS client module (@aws-sdk/client-sqs or @aws-sdk/client-sns), so that the
 * application needs no change. A second call does nothing.
 */
export function instrumentAws(module: {
  SQSClient?: { prototype: object };
  SNSClient?: { prototype: object };
}): void {
  const prototype = (module.SQSClient ?? module.SNSClient)?.prototype as
    { send?: Send } | undefined;
  const send = prototype?.send;
  if (prototype === undefined || send === undefined || !markTraced(prototype)) return;
  prototype.send = function (command, ...rest) {
    const traced = COMMANDS[command.constructor.name];
    // Calls with a callback are not traced, because the callback would get the result before this
    // adapter does.
    if (traced === undefined || rest.some((one) => typeof one === 'function'))
      return send.call(this, command, ...rest);
    return traced(this, command, (instead) => send.call(this, instead, ...rest));
  };
}
