import { handleMessage } from '../adapter-kit.ts';
import { fromSnsBody, fromSqsAttributes } from './cloud-carriers.ts';

/**
 * This adapter handles messages of SQS that AWS Lambda hands to a function. They come as records of
 * an event, so that no client shows which of them the function works on.
 */
export interface SqsRecord {
  messageId: string;
  body: string;
  /** Name of the queue with its region and account, by colons. */
  eventSourceARN: string;
  attributes?: { ApproximateReceiveCount?: string };
  messageAttributes?: Record<string, { dataType?: string; stringValue?: string | undefined }>;
}

/**
 * Runs a handler for one record, in a span and a context of the record and in the flow that its
 * attributes name. An error reaches the caller unchanged. Before the function returns, it awaits
 * `flush()`: it stands still after that.
 */
export function handleSqsRecord<T>(record: SqsRecord, handler: () => T): T {
  const { messageAttributes = {}, messageId, body, eventSourceARN, attributes } = record;
  const queue = eventSourceARN.slice(eventSourceARN.lastIndexOf(':') + 1);
  const texts = Object.entries(messageAttributes).map(
    ([name, { stringValue }]) => [name, { StringValue: stringValue }] as const,
  );
  const deliveries = Number(attributes?.ApproximateReceiveCount ?? 1);
  return handleMessage(
    {
      ...{ system: 'aws_sqs', destination: queue, group: queue, type: queue, id: messageId },
      headers: { ...fromSnsBody(body), ...fromSqsAttributes(Object.fromEntries(texts)) },
      ...(deliveries > 1 && { attempt: deliveries }),
    },
    handler,
  );
}
